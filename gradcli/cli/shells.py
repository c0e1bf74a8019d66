"""What a half-typed command line can become: commands, options, names of functions, files.

The shell sends the text up to the cursor, quotes and all, and gets a candidate a line. It is not
click that answers, since inputs (`--x`) and expressions are none of its own.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import click

from gradcli.interactive.completion import Candidate, files_for, names_for
from gradcli.language.scopes import bound_names
from gradcli.session import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS = {
    "bash": r"""_gradcli() {
    local line IFS=$'\n'
    COMPREPLY=()
    while read -r line; do
        COMPREPLY+=("${line%%$'\t'*}")
    done < <(gradcli completion bash --line="${COMP_LINE:0:COMP_POINT}" \
        --word="${COMP_WORDS[COMP_CWORD]}" 2>/dev/null)
    compopt -o nospace 2>/dev/null
}
complete -F _gradcli gradcli
""",
    "zsh": r"""#compdef gradcli
_gradcli() {
    local line
    local -a found shown
    for line in "${(@f)$(gradcli completion zsh \
        --line="${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        found+=("${line%%$'\t'*}")
        shown+=("${line//$'\t'/  }")
    done
    (( $#found )) && compadd -U -Q -S '' -l -d shown -a found
}
if [[ $funcstack[1] == _gradcli ]]; then _gradcli "$@"; else compdef _gradcli gradcli; fi
""",
    "fish": r"""function __gradcli
    gradcli completion fish --line=(commandline -cp | string collect) 2>/dev/null
end
complete -c gradcli -f -a '(__gradcli)'
""",
}  # fmt: skip
"""For each shell what makes it ask."""


class Word:
    """A word of a command line. raw: as it is typed; quote: the one that is open at its end."""

    def __init__(self, raw: str, text: str, quote: str) -> None:
        self.raw = raw
        self.text = text
        self.quote = quote


def words_of(line: str) -> list[Word]:
    """The words of a line, its last one perhaps empty or with a quote that is open."""
    words: list[Word] = []
    text, raw, quote, escaped = "", "", "", False
    begun = False
    for sign in line:
        if escaped:
            text, raw, escaped = text + sign, raw + sign, False
        elif sign == "\\" and quote != "'":
            raw, escaped, begun = raw + sign, True, True
        elif quote:
            raw += sign
            if sign == quote:
                quote = ""
            else:
                text += sign
        elif sign in "'\"":
            raw, quote, begun = raw + sign, sign, True
        elif sign.isspace():
            if begun:
                words.append(Word(raw, text, ""))
            text, raw, begun = "", "", False
        else:
            text, raw, begun = text + sign, raw + sign, True
    words.append(Word(raw, text, quote))
    return words


def answers(line: str, shell: str, typed: str = "") -> Iterator[str]:
    """A line for each candidate: what the last word becomes, a tab, and a word on it.

    typed: in bash what it takes for the last word, which it has split at signs of its own.
    """
    words = words_of(line)
    last = words[-1]
    found = candidates_of([word.text for word in words[:-1]], last.text)
    if len(found) == 1 and last.quote and found[0].text.endswith("("):
        # A shell closes the quote behind the only candidate.
        (one,) = found
        found.append(one._replace(text=f"{one.text}{one.about.partition('(')[2] or ')'}"))
    for candidate in found:
        kept = last.text[: len(last.text) - candidate.length]
        whole = kept + candidate.text
        finished = candidate.text[-1:] not in "(=/."
        if not last.quote:
            opened = last.raw[: len(last.raw) - len(last.text)] if last.raw == last.text else ""
            whole = opened + re.sub(r"([^\w@%+=:,./~-])", r"\\\1", whole)
        if shell == "bash":
            whole = _behind(whole, last, typed)
        if shell != "fish" and finished and not last.quote:
            whole += " "
        yield f"{whole}\t{candidate.about}" if candidate.about else whole


def _behind(whole: str, last: Word, typed: str) -> str:
    """What stands in place of the part of a word that bash takes for the word."""
    bare = typed.lstrip("'\"")
    if re.fullmatch(r"[=:<>;|&(]+", bare):
        bare = ""
    if last.quote or not last.text.endswith(bare):
        return whole
    cut = len(last.text) - len(bare)
    # Readline keeps an `@` with the word behind it.
    return whole[cut - (last.text[:cut].endswith("@") and bare != "") :]


def candidates_of(before: list[str], word: str) -> list[Candidate]:
    """What the word behind others can become."""
    from gradcli.cli.main import COMMANDS, gradcli

    if len(before) < 2:
        own = {**COMMANDS, "--help": "", "--version": ""}
        return [
            Candidate(name, len(word), about)
            for name, about in own.items()
            if name.startswith(word)
        ]
    command = gradcli.get_command(click.Context(gradcli), before[1])
    if command is None:
        return []
    options = {
        name: option
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
        for name in (*option.opts, *option.secondary_opts)
    }
    previous = before[-1] if len(before) > 2 else ""
    name, equals, value = word.partition("=")
    if equals and name.startswith("--"):
        return _values(command, options.get(name), value, before)
    option = options.get(previous)
    if option is not None and not option.is_flag:
        return _values(command, option, word, before)
    if option is None and previous.startswith("--") and previous != "--":
        return _value(word, [])
    if word.startswith("-") and not word[1:2].isdigit():
        return _options(command, options, word, before)
    return _positional(command, word, before)


def _options(
    command: click.Command, options: dict[str, click.Option], word: str, before: list[str]
) -> list[Candidate]:
    """Inputs of the program, then options."""
    found = {f"--{name}": "input" for name in _inputs(before)}
    for name, option in options.items():
        if name.startswith("--"):
            found.setdefault(name, option.help or "")
    found["--help"] = "Show the options."
    given = {text.partition("=")[0] for text in before[2:]}
    return [
        Candidate(name, len(word), about)
        for name, about in found.items()
        if name.startswith(word)
        and (name not in given or (name in options and options[name].multiple))
    ]


def _inputs(before: list[str]) -> list[str]:
    """The inputs of the program, where it can be read already."""
    program = _program(before)
    return [] if program is None else program.missing([])


def _variables(before: list[str]) -> list[str]:
    """The names that the program assigns to at its top level."""
    program = _program(before)
    return [] if program is None else sorted(bound_names(program.tree.body))


def _program(before: list[str]) -> Program | None:
    from gradcli.errors import GradcliError
    from gradcli.programs import file_and_function, read_program
    from gradcli.settings import Settings

    source, entry = None, None
    for previous, text in pairwise(before[1:]):
        if previous in ("-f", "--file") and text != "-":
            source, entry = file_and_function(text)
        elif source is None and not text.startswith("-") and not previous.startswith("-"):
            source = text
    if source is None:
        return None
    try:
        if any(text in ("-f", "--file") for text in before):
            source, _ = read_program(source, Settings().max_source)
        return Program(source, entry=entry)
    except GradcliError:
        return None


def _values(
    command: click.Command, option: click.Option | None, word: str, before: list[str]
) -> list[Candidate]:
    """Values of an option; of an input, where it is none."""
    if option is None:
        return _value(word, [])
    if isinstance(option.type, click.Choice):
        return [Candidate(text, len(word)) for text in option.type.choices if text.startswith(word)]
    shown = option.metavar or ""
    if shown.startswith("FILE"):
        return files_for(word)
    if option.name in ("wrt", "only"):
        stem = word.rpartition(",")[2].lstrip()
        names = dict.fromkeys(_inputs(before), "input")
        if option.name == "only":
            names.update(dict.fromkeys(_variables(before), "variable"))
        return [
            Candidate(name, len(stem), about)
            for name, about in names.items()
            if name.startswith(stem)
        ]
    if shown == "VALUE":
        return _value(word, ["ones"])
    if shown in ("NAME=VALUE", "NAME=LOW:HIGH"):
        _, equals, value = word.partition("=")
        if equals:
            return _value(value, ["ones"])
        return [Candidate(f"{one}=", len(word)) for one in _inputs(before) if one.startswith(word)]
    return names_for(word) if shown == "LINE" else []


def _value(word: str, special: list[str]) -> list[Candidate]:
    """A value: a file behind `@`, a word, an expression."""
    if word.startswith("@"):
        return files_for(word[1:])
    own = [Candidate(text, len(word)) for text in special if text.startswith(word)]
    return [*own, *names_for(word)] or ([] if word else [Candidate("@", 0, "a file")])


def _positional(command: click.Command, word: str, before: list[str]) -> list[Candidate]:
    """An expression, a file or one of some words, as the command takes it."""
    argument = next((one for one in command.params if isinstance(one, click.Argument)), None)
    if argument is None:
        return []
    if isinstance(argument.type, click.Choice):
        return [
            Candidate(text, len(word)) for text in argument.type.choices if text.startswith(word)
        ]
    shown = (argument.metavar or "").strip("[")
    if shown.startswith("FILE"):
        return files_for(word)
    if shown.startswith("NAME"):
        return [one._replace(text=one.text.removesuffix("(")) for one in names_for(word)]
    return names_for(word)
