"""`gradcli repl`: a session at the calculator."""

from __future__ import annotations

import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.options import chosen_settings, session_options
from gradcli.clock import within
from gradcli.errors import GradcliError, InputError, MissingInput, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradcli.interactive.session import Session
    from gradcli.results import Evaluation

OWN = {
    "help": "What there is; `:help NAME` tells about a function, as `gradcli ops` does.",
    "vars": "What has a name, and its value.",
    "list": "The session as a program.",
    "save": "`:save FILE` writes it down.",
    "load": "`:load FILE` enters a program, or the arrays of a .npz or .json file.",
    "reset": "Forget everything.",
    "quit": "Leave (also Ctrl-D).",
}
"""Colon commands of the session's own."""

WELCOME = "gradcli: `x = 3,4,10` binds, then `sum(x**2)`, `:explain`; `:help` lists more"
BEHIND = re.compile(r"\s(?=--[A-Za-z]|-o\s)")


@click.command("repl")
@session_options
@click.pass_context
def repl_command(context: click.Context, /, **options: Any) -> None:
    """A calculator to sit down at: assignments stay, an expression prints its value.

    \b
      >>> x = 3,4,10
      >>> sum(x**2)
      125
      >>> grad(sum(x**2), x)
      [6, 8, 20]
      >>> :explain sum(x**2)

    Every command that takes an expression is a colon command too, with its options. With standard
    input from a pipe there is no prompt, and the exit status is that of the first error.
    """
    for name in context.obj.texts:
        raise UsageError(f"there is no option `--{name}`", hint=f"in the session: {name} = ...")
    context.exit(Repl(chosen_settings(options), options).run())


class Repl:
    """Reads entries, and answers each."""

    def __init__(self, settings: Any, options: dict[str, Any]) -> None:
        from gradcli.interactive.session import Session

        self.session: Session = Session(settings)
        self.settings = settings
        self.options = options
        self.status = 0

    # --- reading ---------------------------------------------------------------------------------

    def run(self) -> int:
        """Answer until there is no more to read; the exit status."""
        terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
        if not terminal:
            for entry in self._piped():
                if not self._answered(entry):
                    break
            return self.status
        from gradcli.interactive.prompt import Prompt
        from gradcli.render.text import coloured, print_error, write_text

        colours = coloured(sys.stdout, self.options["color"])
        prompt = Prompt(lambda: self.session.names, self._commands(), colours)
        write_text(f"{WELCOME}\n", sys.stdout)
        while True:
            try:
                entry = prompt.read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return 0
            try:
                if not self._answered(entry):
                    return 0
            except KeyboardInterrupt:
                print_error(GradcliError("interrupted"))

    def _piped(self) -> Iterator[str]:
        from gradcli.interactive.blocks import entries

        if sys.stdin is None:
            raise InputError("standard input is closed")
        limit, stream = self.settings.max_source, sys.stdin.buffer
        # Line by line, so that a program at the other end is answered.
        lines = iter(lambda: stream.readline(limit), b"")
        return entries(raw.decode("utf-8", "replace").removeprefix("\ufeff") for raw in lines)

    def _answered(self, entry: str) -> bool:
        """Answer an entry, errors too; whether the session goes on."""
        from gradcli.cli.main import bug
        from gradcli.render.text import print_error

        try:
            with within(self.options["each_timeout"]):
                return self.take(entry)
        except GradcliError as error:
            self._adapt(error)
            self.status = self.status or error.exit_status
            print_error(error)
        except MemoryError:
            self.status = self.status or 3
            print_error(GradcliError("memory ran out", hint="make the inputs smaller"))
        except OSError:
            raise
        except Exception as error:
            # A mistake of ours costs one answer, not the session.
            self.status = self.status or 3
            print_error(bug(error))
        return True

    def _adapt(self, error: GradcliError) -> None:
        """Say how things are done here, and not on a command line."""
        if isinstance(error, MissingInput):
            error.give(f"bind it first: {error.name} = 1,2,3")

    # --- answering -------------------------------------------------------------------------------

    def take(self, entry: str) -> bool:
        """Answer one entry; whether the session goes on. Raises GradcliError."""
        text = entry.strip()
        if not text or text.startswith("#"):
            return True
        if text.startswith(":"):
            return self._colon(text[1:].strip())
        try:
            results = self.session.enter(entry.strip("\n"))
        finally:
            self._tell()
        for result in results:
            self._show(result)
        return True

    def _tell(self) -> None:
        """What a program printed on standard output, other notes on standard error."""
        from gradcli.interactive.session import PRINTED
        from gradcli.render.text import print_remarks, write_text

        notes, self.session.notes = self.session.notes, []
        for note in notes:
            if note.startswith(PRINTED):
                write_text(note.removeprefix(PRINTED) + "\n", sys.stdout)
            else:
                print_remarks([], [note])

    def _show(self, result: Evaluation) -> None:
        from gradcli.render.layout import Look, flow_lines, value_lines
        from gradcli.render.text import ascii_only, print_lines, print_remarks, terminal_width

        look = Look(terminal_width(sys.stdout), self.options["precision"], ascii_only(sys.stdout))
        for output in result.outputs:
            print_lines(value_lines(output.value, look), sys.stdout, self.options["color"])
        print_lines(flow_lines(result), sys.stdout, self.options["color"])
        print_remarks(result.warnings, [])

    # --- colon commands --------------------------------------------------------------------------

    @staticmethod
    def _commands() -> dict[str, str]:
        """All colon commands, with what they are for."""
        from gradcli.cli.main import COMMANDS

        return {name: about for name, about in COMMANDS.items() if _asks(name)} | OWN

    def _colon(self, text: str) -> bool:
        name, _, rest = text.partition(" ")
        rest = rest.strip()
        known = self._commands()
        if name in ("q", "quit", "exit"):
            return False
        if name not in known:
            hint = did_you_mean(name, list(known)) or f"there are {', '.join(known)}"
            raise UsageError(f"there is no command `:{name}`", hint=hint)
        if name not in OWN:
            self._ask(name, rest)
            return True
        does: Callable[[str], None] = getattr(self, f"_{name}")
        does(rest)
        return True

    def _ask(self, name: str, text: str) -> None:
        """Ask a command about an expression, the last one where there is none."""
        from gradcli.cli.main import gradcli, invoke

        found = BEHIND.search(f" {text}")
        expression = text if found is None else text[: max(found.start() - 1, 0)].strip()
        behind = "" if found is None else text[found.start() :]
        expression = expression or self.session.last
        if not expression:
            raise UsageError(
                f"`:{name}` is asked about an expression", hint=f"as in `:{name} sum(x)`"
            )
        source = self.session.source(expression)
        command = gradcli.get_command(click.Context(gradcli), name)
        assert command is not None
        words = ["--", source]
        try:
            options = shlex.split(behind)
        except ValueError:
            raise UsageError("a quote is open") from None
        try:
            passed = [*self._passed(command), *options, *words]
            code = invoke(command, name, passed, self.session.inputs)
            self.status = self.status or code
        except GradcliError as error:
            from gradcli.interactive.session import shifted

            shifted(error, source, expression)
            error.notes = tuple([_here(note, source, expression) for note in error.notes])
            raise

    def _passed(self, command: click.Command) -> list[str]:
        """The options of the session that a command has too."""
        names = {option.name: option for option in command.params}
        words = []
        for name, value in self.options.items():
            option = names.get(name)
            if option is not None and value is not None:
                words.append(f"{option.opts[-1]}={value}")
        return words

    def _help(self, text: str) -> None:
        from gradcli.cli.main import gradcli, invoke
        from gradcli.render.text import print_lines

        if text:
            about = gradcli.get_command(click.Context(gradcli), "ops")
            assert about is not None
            invoke(about, "ops", ["--", text.removesuffix("()")], {})
            return
        known = self._commands()
        edge = max(map(len, known))
        lines = [
            [(f"  :{name.ljust(edge)}  ", "label"), (about, "")] for name, about in known.items()
        ]
        print_lines([[(WELCOME, "")], *lines], sys.stdout, self.options["color"])

    def _vars(self, text: str) -> None:
        from gradcli.ops.elementwise import shape_text
        from gradcli.pictures.words import value_text
        from gradcli.render.layout import Line, Look
        from gradcli.render.text import ascii_only, print_lines, terminal_width

        width = terminal_width(sys.stdout)
        look = Look(width, self.options["precision"] or 6, ascii_only(sys.stdout))
        lines: list[Line] = []
        for name, array in self.session.inputs.items():
            shape = f"  shape {shape_text(array.shape)}" if array.ndim else ""
            room = max((width or 100) - len(name) - len(shape) - 3, 16)
            lines.append(
                [
                    (name, "label"),
                    (f" = {value_text(array, room, look)}", "number"),
                    (shape, "note"),
                ]
            )
        for one in self.session.statements:
            first, *more = one.text.split("\n")
            lines.append([(first, ""), (f" {look.dots}" if more else "", "note")])
        print_lines(lines or [[("nothing yet", "note")]], sys.stdout, self.options["color"])

    def _list(self, text: str) -> None:
        from gradcli.render.text import write_text

        write_text(self.session.text(), sys.stdout)

    def _save(self, text: str) -> None:
        from gradcli.render.text import print_remarks
        from gradcli.render.write import write_whole

        if not text:
            raise UsageError("`:save` takes a file", hint="as in `:save work.py`")
        content = self.session.text().encode()
        write_whole(text, lambda file: file.write(content))
        print_remarks([], [f"wrote the session to {text}"])

    def _load(self, text: str) -> None:
        from gradcli.inputs import read_inputs
        from gradcli.interactive.blocks import entries
        from gradcli.programs import read_program

        if not text:
            raise UsageError("`:load` takes a file", hint="as in `:load work.py`")
        if text.endswith((".npz", ".json")):
            for name, array in read_inputs(text, self.settings).items():
                self.session.put(name, array)
            return
        source, _ = read_program(text, self.settings.max_source)
        for entry in entries(source.splitlines()):
            self.take(entry)

    def _reset(self, text: str) -> None:
        from gradcli.interactive.session import Session

        self.session = Session(self.settings)


def _asks(name: str) -> bool:
    """Whether a command is asked about an expression."""
    from gradcli.cli.main import gradcli

    command = gradcli.get_command(click.Context(gradcli), name)
    return command is not None and any(option.name == "expression" for option in command.params)


def _here(note: str, source: str, expression: str) -> str:
    """A command line to try as a colon command."""
    if not note.startswith("gradcli "):
        return note
    try:
        words = shlex.split(note)[1:]
    except ValueError:
        return note
    kept = [expression if word == source else word for word in words]
    behind = [word for word in kept[1:] if word not in ("--", expression) and "=" not in word]
    return " ".join([f":{kept[0]}", expression, *[shlex.quote(word) for word in behind]])
