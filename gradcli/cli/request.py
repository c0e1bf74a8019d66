"""What commands do alike: reading the program and its inputs, printing what is found."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.options import chosen_settings
from gradcli.errors import GradcliError, MissingInput, UsageError
from gradcli.programs import file_and_function, read_program

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from gradcli.cli.arguments import Bindings
    from gradcli.engine import Stats
    from gradcli.render.layout import Line, Look
    from gradcli.render.write import Mapped
    from gradcli.results import Result
    from gradcli.run import Run
    from gradcli.session import Program
    from gradcli.settings import Settings

PICTURES = ("png", "svg", "pdf")
"""Kinds of files that pictures of numbers are written to."""


def _recording() -> Stats:
    from gradcli.engine import recording

    return recording()


class Request:
    """A program, its inputs and how to answer, as the options gave them.

    drawn: whether the command draws its result, so that -o may name a picture. kinds: of files that
    it writes, where they are not those of any result.
    """

    def __init__(
        self,
        context: click.Context,
        options: dict[str, Any],
        drawn: bool = False,
        kinds: Sequence[str] | None = None,
    ) -> None:
        self.context = context
        self.command = context.info_name or ""
        self.bindings: Bindings = context.obj
        self.expression: str | None = options["expression"]
        self.file, self.entry = file_and_function(options["file"])
        self.output: str | None = options["output"]
        self.style: str = "json" if options["as_json"] else options.get("style", "text")
        self.get: str | None = options.get("get")
        self.color: str = options.get("color", "auto")
        self.precision: int | None = options.get("precision")
        self.options = options
        self.stats = _recording() if options.get("stats") else None
        if self.output is not None and "style" in options:
            from gradcli.render.write import format_of

            if self.output.lower().endswith(PICTURES) and "plot" in options and not drawn:
                raise UsageError(
                    f"{self.output} is a picture, and --plot is missing",
                    hint=f"--plot -o {self.output} draws the result",
                )
            self.style = format_of(self.output, self.style, PICTURES if drawn else (), kinds)

    @cached_property
    def settings(self) -> Settings:
        """The limits, the precision and the random seed of the run."""
        return chosen_settings(self.options)

    @property
    def coloured(self) -> bool:
        """Whether standard output has colours."""
        from gradcli.render.text import coloured

        return coloured(sys.stdout, self.color)

    @property
    def wrt(self) -> list[str] | None:
        """What stands after --wrt, which may be repeated and hold several between commas."""
        from gradcli.wrt import split_names

        names = split_names(self.options["wrt"])
        if self.options["wrt"] and not names:
            raise UsageError("--wrt names nothing", hint="`--wrt none` is no input at all")
        return names or None

    def source(self) -> tuple[str, str | None]:
        """The program's text, and the file that it came from."""
        lines = self.options["lines"]
        if sum([self.file is not None, self.expression is not None, bool(lines)]) > 1:
            raise UsageError("give an expression, -e lines or a --file: one of them")
        if lines:
            return "\n".join(lines), None
        if self.file is None:
            if self.expression is None:
                raise self._no_expression()
            return self.expression, None
        return read_program(self.file, self.settings.max_source)

    def _other_commands(self) -> list[click.Command]:
        group = self.context.parent and self.context.parent.command
        if not isinstance(group, click.Group):
            return []
        names = [name for name in group.list_commands(self.context) if name != self.command]
        return [command for name in names if (command := group.get_command(self.context, name))]

    def _no_expression(self) -> GradcliError:
        from gradcli.cli.arguments import unused_input

        for name in self.bindings.from_options:
            error = unused_input(name, self.context.command, [], [])
            if error.hint.startswith("did you mean"):
                return error
        lines = [line.strip() for line in (self.context.command.help or "").splitlines()]
        example = next(line for line in lines if line.startswith(f"gradcli {self.command} "))
        return UsageError("there is no expression", hint=f"as in `{example}`")

    def traced(self) -> Run:
        """The program, read and traced at its inputs."""
        program, inputs, extra = self.program()
        with self.missing_inputs():
            traced = program.trace(inputs)
        traced.extra += extra
        return traced

    @contextmanager
    def missing_inputs(self) -> Iterator[None]:
        """Within this context, the error for an input without a value says how to give it here."""
        try:
            yield
        except MissingInput as error:
            from gradcli.cli.arguments import how_to_give

            error.give(f"give it as an input: {how_to_give(error.name, self.context.command)}")
            raise

    def program(self, unread: Container[str] = ()) -> tuple[Program, dict[str, Any], list[str]]:
        """The program, values for its inputs but those `unread`, and warnings.

        Raises UsageError for a name that it does not use.
        """
        from gradcli.inputs import read_inputs, read_value
        from gradcli.session import Program

        settings = self.settings
        source, filename = self.source()
        program = Program(source, filename=filename, settings=settings, entry=self.entry)
        for name in self.bindings.texts:
            if name not in program.reads:
                if program.sets(name):
                    raise UsageError(
                        f"the program sets `{name}` itself", hint=f"leave out --{name}"
                    )
                raise self._unused(name, program)
        held = self.bindings.held
        inputs: dict[str, Any] = {name: held[name] for name in held if name in program.reads}
        extra: list[str] = []
        if self.options["inputs"] is not None:
            stored = read_inputs(self.options["inputs"], settings)
            inputs.update({name: value for name, value in stored.items() if name in program.reads})
            extra = [name for name in stored if name not in program.reads]
        for name, text in self.bindings.texts.items():
            if name not in unread:
                inputs[name] = read_value(name, text, settings)
        warnings = [f"the program does not use `{name}`, which --inputs has" for name in extra]
        return program, inputs, warnings

    def _unused(self, name: str, program: Program) -> UsageError:
        from gradcli.cli.arguments import unused_input

        reads = program.missing([])
        return unused_input(name, self.context.command, reads, self._other_commands())

    @contextmanager
    def progress(self, what: str) -> Iterator[None]:
        """Within this context, long work shows a bar on a terminal; `what` is counted."""
        if sys.stderr is None or not sys.stderr.isatty():
            yield
            return
        from gradcli.render.progress import progress_bar

        with progress_bar(what):
            yield

    def mapped(self, reshaped: bool) -> AbstractContextManager[Mapped | None]:
        """The file of -o, where one dense array may be computed in it; None where it may not."""
        from contextlib import nullcontext
        from os.path import exists, isfile

        plain = self.output is None or not exists(self.output) or isfile(self.output)
        if self.output is None or self.style != "npy" or self.get is not None or reshaped:
            return nullcontext()
        if not plain or not hasattr(os, "posix_fallocate"):
            return nullcontext()
        from gradcli.render.write import Mapped

        return Mapped(self.output)

    def by_entries(self, asked: bool) -> bool | None:
        """Whether matrices are to be sparse: as asked, or as the format wants it; None: as fits."""
        return True if asked or self.style in ("coo", "mtx") else None

    def answer(
        self,
        result: Result[Any],
        lines: Callable[[Any, Look], Iterable[Line]],
    ) -> None:
        """Print the result, or write it to the file of -o; remarks go to standard error."""
        from gradcli.render import text

        self.require_finite(result)
        notes = list(result.notes)
        if self.style == "json" and self.get is None and self.stats is not None:
            result.stats = self.stats.facts()
        else:
            notes += self.cost()
        if self.output is None and self.style == "text" and self.get is None:
            notes += self._saving(result)
            from gradcli.render.data import named_arrays
            from gradcli.render.layout import flow_lines

            if text.terminal_width(sys.stdout) is None:
                self._check_size(named_arrays(result))
            self.print_lines(lambda look: [*lines(result, look), *flow_lines(result)])
        else:
            notes += self._written(result)
        self.remark(result.warnings, notes)

    def require_finite(self, result: Result[Any]) -> None:
        """With --finite, raise ComputationError where a number is none."""
        if self.options.get("finite"):
            from gradcli.doctor import require_finite

            require_finite(result)

    def cost(self) -> list[str]:
        """What it took, where that was asked for."""
        return [] if self.stats is None else self.stats.lines()

    def print_lines(self, lines: Callable[[Look], Iterable[Line]]) -> None:
        """Print lines for people as standard output's width, colours and encoding have them."""
        from gradcli.render import text
        from gradcli.render.layout import Look

        width = text.terminal_width(sys.stdout)
        look = Look(width, self.precision, text.ascii_only(sys.stdout))
        text.print_lines(lines(look), sys.stdout, self.color)

    def remark(self, warnings: Iterable[str], notes: Iterable[str]) -> None:
        """Warnings and notes on standard error, unless the result holds them."""
        if self.style != "json" or self.output is not None or self.get is not None:
            from gradcli.render.text import print_remarks

            print_remarks(warnings, notes)

    @staticmethod
    def _saving(result: Result[Any]) -> list[str]:
        """How to get what is only summed up: the entries of sparse matrices."""
        from gradcli.render.data import is_sparse, named_arrays

        if not any(is_sparse(array) for array in named_arrays(result).values()):
            return []
        return ["-o FILE writes all entries: .npz (SciPy's load_npz), .mtx (Matrix Market) or .coo"]

    def _check_size(self, arrays: dict[str, Any]) -> None:
        self.check_count(sum(array.size for array in arrays.values()))

    def check_count(self, numbers: int) -> None:
        """Raise LimitError where printing so many numbers would take too much memory."""
        from gradcli.render.write import check_printable

        check_printable(numbers, self.settings.max_memory)

    def _written(
        self,
        result: Result[Any],
    ) -> list[str]:
        """Write the result in a format for programs; what to say of it."""
        from gradcli.render import data, text

        arrays = data.chosen_arrays(result, self.get)
        if self.style in ("text", "json", "csv"):
            self._check_size(arrays)
        if self.style in ("text", "json") and self.output is None:
            if self.style == "text":
                (array,) = arrays.values()
                if data.is_sparse(array):
                    shown = data.coo_text(array).rstrip("\n")
                else:
                    shown = data.value_text(array)
            else:
                whole = self._whole(result, arrays)
                shown = data.json_text(whole, text.ascii_only(sys.stdout))
            text.write_text(shown + "\n", sys.stdout)
            return []
        from gradcli.render.write import write_whole, writer

        whole = self._whole(result, arrays) if self.style == "json" else None
        columns = getattr(result.outputs[0], "columns", None)
        write, what = writer(self.style, arrays, whole, columns)
        if self.output is not None:
            write_whole(self.output, write)
            return [f"wrote {what} to {self.output}"]
        if text.terminal_width(sys.stdout) is not None and self.style != "csv":
            raise UsageError(f".{self.style} is no text for a terminal", hint="give a file with -o")
        buffer = io.BytesIO()
        write(buffer)
        text.write_bytes(buffer.getbuffer(), sys.stdout)
        return []

    def _whole(
        self,
        result: Result[Any],
        arrays: dict[str, Any],
    ) -> Any:
        """The JSON value of the result, or of the array that --get names."""
        from gradcli.render.data import json_value, result_object

        if self.get is not None:
            return json_value(arrays[self.get])
        return result_object(self.command, self.shown_source(), result)

    def vector(self, name: str, text: str) -> Any:
        """A seed or a tangent: an array, or the word `ones`."""
        from gradcli.inputs import read_value

        return "ones" if text.strip() == "ones" else read_value(name, text, self.settings)

    @property
    def seeds(self) -> Any:
        """What stands after --seed, as a run takes it; None where nothing does."""
        found = [self.vector("seed", text) for text in self.options["seed"]]
        return found[0] if len(found) == 1 else found or None

    @property
    def tangents(self) -> dict[str, Any]:
        """What stands after --tangent, by name."""
        found: dict[str, Any] = {}
        for text in self.options["tangents"]:
            name, equals, value = text.partition("=")
            name = name.strip()
            if not equals:
                raise UsageError("--tangent takes NAME=VALUE", hint="as in `--tangent x=1,0,0`")
            if name in found:
                raise UsageError(f"the tangent of `{name}` is given twice")
            found[name] = self.vector(f"the tangent of {name}", value)
        return found

    def shown_source(self) -> str:
        """The expression, or what stands for it where the program came from a file or lines."""
        if self.expression is not None:
            return self.expression
        return self.file or "\n".join(self.options["lines"])


def pasteable(request: Request, outputs: int) -> tuple[str, ...]:
    """The command line again, with seeds of ones; that of a gradient as a Jacobian too."""
    import shlex

    words = [word for word in request.bindings.argv if word != "--no-grad"]
    seeds = ["--seed", "ones"] * outputs
    again = shlex.join(["gradcli", request.command, *words, *seeds])
    if request.command != "eval":
        return (again,)
    return again, shlex.join(["gradcli", "jacobian", *words])
