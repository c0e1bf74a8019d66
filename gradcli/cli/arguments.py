"""Splitting the command line into click's options and the program's inputs.

Any `--NAME VALUE` that is no option binds a free name of the program, values and expressions may
begin with a minus, and a name of one letter is always an input. Click knows none of that, so the
arguments are sorted before it sees them: it gets `--option=value` pairs and the expression.
"""

from __future__ import annotations

import re
from typing import Any

import click

from gradcli.errors import UsageError, did_you_mean

_LIKE_OPTION = re.compile(r"--[A-Za-z][A-Za-z0-9_-]*")


class Bindings:
    """Inputs as given on the command line: name -> text, in order.

    held: arrays that a session has by name; a text goes before them.
    """

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        self.texts: dict[str, str] = {}
        self.held: dict[str, Any] = {}
        self.from_options: list[str] = []

    def add(self, name: str, text: str) -> None:
        """Bind a name once. Raises UsageError for a second value or for what is no name."""
        if not name.isidentifier():
            raise UsageError(f"`{name}` is not a name", hint="inputs are given as --NAME VALUE")
        if name in self.texts:
            raise UsageError(f"`{name}` is given twice")
        self.texts[name] = text


def split(command: click.Command, argv: list[str]) -> tuple[list[str], Bindings]:
    """Arguments for click, and the inputs among them.

    Raises UsageError where an option or an input lacks its value, or a second expression stands.
    """
    options = {name: option for option in _options(command) for name in option.opts}
    options.update({name: option for option in _options(command) for name in option.secondary_opts})
    passed: list[str] = []
    bindings = Bindings(argv)
    positional: list[str] = []
    queue = iter(argv)
    for argument in queue:
        if argument == "--":
            positional.extend(queue)
            break
        name, equals, value = argument.partition("=")
        if name == "--let":
            text = value if equals else _value(name, queue)
            name, equals, text = text.partition("=")
            if not equals:
                raise UsageError("--let takes NAME=VALUE")
            bindings.add(name.strip(), text)
            continue
        option = options.get(name) if len(name) != 3 or not name.startswith("--") else None
        if option is not None and (equals == "" or name.startswith("--")):
            if option.is_flag:
                if equals:
                    raise UsageError(f"`{name}` takes no value")
                passed.append(name)
            else:
                text = value if equals else _value(name, queue)
                long = next(spelling for spelling in option.opts if spelling.startswith("--"))
                passed.append(f"{long}={text}")
        elif name in ("--help", "-h"):
            passed.append("--help")
        elif name.startswith("--") and len(name) > 2 and not name[2:].isidentifier():
            known = [*options, "--help"]
            if _LIKE_OPTION.fullmatch(name):
                hint = did_you_mean(name, known) or "options are listed by --help"
                raise UsageError(f"there is no option `{name}`", hint=hint)
            positional.append(argument)
        elif name.startswith("--") and len(name) > 2:
            text = value if equals else _value(name, queue, list(options))
            bindings.add(name[2:], text)
            bindings.from_options.append(name[2:])
        else:
            positional.append(argument)
    if len(positional) > 1 and not any(
        isinstance(param, click.Argument) and param.nargs < 0 for param in command.params
    ):
        raise UsageError(
            f"`{positional[1]}` is one expression too many",
            hint="an expression with spaces is quoted; a value follows its --NAME",
        )
    if positional:
        passed += ["--", *positional]
    return passed, bindings


def _options(command: click.Command) -> list[click.Option]:
    return [param for param in command.params if isinstance(param, click.Option)]


def _value(name: str, queue: object, options: list[str] | None = None) -> str:
    text: str | None = next(queue, None)  # type: ignore[call-overload]
    if text is None or (_LIKE_OPTION.fullmatch(text) and len(text) > 2):
        hint = did_you_mean(name, [*options, "--help"]) if options else ""
        raise UsageError(f"`{name}` needs a value", hint=hint)
    return text


def unused_input(
    name: str, command: click.Command, reads: list[str], elsewhere: list[click.Command]
) -> UsageError:
    """The error for `--NAME` that is neither an option nor used by the program.

    `elsewhere`: other commands, one of which may have such an option.
    """
    known = [spelling for option in _options(command) for spelling in option.opts]
    candidates = [*known, "--help", *[f"--{read}" for read in reads]]
    uses = ", ".join(f"--{read}" for read in reads)
    hint = did_you_mean(f"--{name}", candidates) if len(name) > 1 else ""
    for other in elsewhere:
        if any(f"--{name}" in option.opts for option in _options(other)):
            hint = f"`gradcli {other.name}` has that option"
            break
    return UsageError(
        f"the program does not use `{name}`, and no option is called --{name}",
        hint=hint or (f"its inputs are {uses}" if uses else "it has no inputs"),
    )


def how_to_give(name: str, command: click.Command) -> str:
    """How an input is given on the command line, for hints."""
    known = [spelling for option in _options(command) for spelling in option.opts]
    collides = len(name) > 1 and f"--{name}" in known
    return f"--let {name}=1,2,3" if collides else f"--{name} 1,2,3"


def byte_count(text: str | None) -> int | None:
    """`4G`, `512M`, `100k` or a number of bytes. Raises UsageError."""
    if text is None:
        return None
    units = {"K": 10, "M": 20, "G": 30, "T": 40}
    body = text.strip().upper().removesuffix("B").removesuffix("I")
    power = units.get(body[-1:], 0)
    try:
        count = float(body[:-1] if power else body) * 2**power
        if not 0 < count < float("inf"):
            raise ValueError
    except ValueError:
        raise UsageError(f"`{text}` is not an amount of memory", hint="as in 4G or 512M") from None
    return int(count)
