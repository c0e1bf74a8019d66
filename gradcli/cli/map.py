"""`gradcli map`: the same program at many points."""

from __future__ import annotations

import io
import os
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.options import row_options, seed_option
from gradcli.cli.request import Request
from gradcli.errors import GradcliError, InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.mapped import Mapper
    from gradcli.results import Output

PART = 1 << 16
"""Rows of an input that are read at a time."""


@click.command("map")
@row_options
@click.option(
    "--over", multiple=True, metavar="NAMES", help="The inputs whose leading axis counts points."
)
@seed_option("Weights of the outputs of each row, of the output's shape, or `ones`.")
@click.option("--no-grad", is_flag=True, help="The values alone.")
@click.pass_context
def map_command(context: click.Context, /, **options: Any) -> None:
    """Value and gradient of EXPRESSION for each row of the inputs of --over.

    \b
      gradcli map "sum(sin(x))" --over x --x "1,2;3,4;5,6"
      gradcli map "sum((w*x - y)**2)" --over x,y --x @x.npy --y @y.csv --w 1,2,3 -o out.npy
      zcat rows.csv.gz | gradcli map "norm(x)" --over x --x @- --format csv

    Each row is to the bit what `gradcli eval` gives for it. A .npy file is mapped, tables and
    standard input are read as they are wanted, and results are written as they are found. The
    gradient is that by the inputs of --over, or by --wrt. A table has a column for each number:
    value, grad.x[0], ...
    """
    from gradcli.mapped import Mapper
    from gradcli.render.rows import FORMATS
    from gradcli.wrt import split_names

    request = Request(context, options, kinds=FORMATS)
    over = split_names(options["over"])
    if not over:
        raise UsageError("--over names the inputs whose rows are points", hint="as in `--over x`")
    program, inputs, warnings = request.program(unread=over)
    program.check_names(over)
    sources = {name: _source(request, name, inputs) for name in dict.fromkeys(over)}
    mapper = Mapper(
        program, inputs, over,
        seed=request.seeds, wrt=request.wrt, grad=not options["no_grad"],
    )  # fmt: skip
    with request.missing_inputs(), request.progress("rows"):
        notes = _written(request, mapper, _blocks(mapper, sources))
    request.remark(warnings + mapper.warnings, mapper.notes + notes)


def _source(request: Request, name: str, inputs: dict[str, Any]) -> Iterator[Any]:
    """The rows of an input, in parts. Raises UsageError where it has none."""
    from gradcli.files import parts_of, read_parts
    from gradcli.inputs import read_value

    text = request.bindings.texts.get(name)
    if text is None:
        if name not in inputs:
            raise UsageError(
                f"`{name}` has no rows", hint=f"as in `--{name} @{name}.npy`, or `--{name} 1,2,3`"
            )
        return parts_of(f"`{name}`", inputs.pop(name), PART)
    if not text.startswith("@"):
        return parts_of(f"`{name}`", read_value(name, text, request.settings), PART)
    return _named(name, read_parts(text[1:], PART, request.settings.max_memory))


def _named(name: str, parts: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from parts
    except GradcliError as error:
        error.message = f"in the value of `{name}`: {error.message}"
        raise


def _blocks(mapper: Mapper, sources: dict[str, Iterator[Any]]) -> Iterator[list[Output]]:
    """Blocks of results, as the inputs are read."""
    from gradcli.seeds import progress

    first = 0
    for parts in zip_longest(*sources.values()):
        given = dict(zip(sources, parts, strict=True))
        short = [name for name, part in given.items() if part is None]
        if short:
            more = next(name for name in given if name not in short)
            raise InputError(
                f"inputs differ in their rows: `{short[0]}` has {first:,}, `{more}` has more"
            )
        for outputs in mapper.blocks(given, first):
            yield outputs
            first += len(outputs[0].value)
            progress(first, 0)


def _written(request: Request, mapper: Mapper, blocks: Iterator[list[Output]]) -> list[str]:
    """Write the rows; what to say of it."""
    from gradcli.render import rows, text
    from gradcli.render.write import write_whole

    style = "csv" if request.style == "text" else request.style
    first, blocks = rows.begun(blocks)
    arrays = rows.named(first, request.get)
    write = _as_json(request, mapper) if style == "json" else rows.writer(style, request.get)
    if request.output is None:
        if style in ("npy", "npz"):
            if text.terminal_width(sys.stdout) is not None:
                raise UsageError(f".{style} is no text for a terminal", hint="give a file with -o")
            buffer = io.BytesIO()
            write(buffer, blocks)
            text.write_bytes(buffer.getbuffer(), sys.stdout)
            return []
        write(_Stdout(), blocks)  # type: ignore[arg-type]
        return []
    counts: list[int] = []
    write_whole(request.output, lambda file: counts.append(write(file, blocks)))
    names = rows.columns(arrays)
    shown = ", ".join(names if len(names) <= 4 else [*names[:2], "...", names[-1]])
    if style == "npy" and request.get is None:
        shown = f"{len(names)} columns: {shown}"
    elif style == "npz" or request.get is not None:
        shown = ", ".join(arrays)
    return [f"wrote {counts[0]:,} rows of {shown} to {os.fspath(request.output)}"]


def _as_json(request: Request, mapper: Mapper) -> Any:
    """What writes one JSON object with arrays that have an axis for rows."""
    import numpy as np

    from gradcli.render.data import json_text, json_value, result_object
    from gradcli.results import Evaluation, Output

    def write(file: Any, blocks: Iterator[list[Output]]) -> int:
        parts: list[list[Output]] = []
        numbers = 0
        for block in blocks:
            parts.append(block)
            numbers += sum(
                one.value.size + sum(g.size for g in (one.grad or {}).values()) for one in block
            )
            request.check_count(numbers)
        outputs = []
        for pieces in zip(*parts, strict=True):
            grads = {
                name: np.concatenate([(one.grad or {})[name] for one in pieces])
                for name in pieces[0].grad or {}
            }
            value = np.concatenate([one.value for one in pieces])
            outputs.append(Output(value, None if pieces[0].grad is None else grads))
        result = Evaluation(outputs, mapper.warnings, mapper.notes)
        if request.get is None:
            whole = result_object("map", request.shown_source(), result)
        else:
            from gradcli.render.rows import named

            whole = json_value(named(outputs, request.get)[request.get])
        file.write(json_text(whole).encode() + b"\n")
        return len(outputs[0].value)

    return write


class _Stdout(io.RawIOBase):
    """Standard output as a file of bytes."""

    def write(self, content: Any) -> int:
        from gradcli.render.text import write_bytes

        write_bytes(content, sys.stdout)
        return len(content)
