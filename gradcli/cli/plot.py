"""`gradcli plot`: the function beside its derivatives, along one number or over two."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.options import program_options
from gradcli.cli.pictures import write_picture
from gradcli.cli.request import PICTURES, Request
from gradcli.errors import InputError, UsageError

if TYPE_CHECKING:
    from gradcli.pictures.plots import Curves, Range, Surface
    from gradcli.session import Program

POINTS, GRID_POINTS = 401, 101
"""Points of one range, and of each of two, by default: odd, so that the middle is one."""


@click.command("plot")
@program_options
@click.option(
    "--range", "ranges", multiple=True, metavar="NAME=LOW:HIGH[:POINTS]",
    help="What varies: an input that is a number, or an element (x[1]); twice for contours.",
)  # fmt: skip
@click.option(
    "--order", type=click.IntRange(0, 9), metavar="N",
    help="Derivatives up to the N-th; by default the first.",
)  # fmt: skip
@click.pass_context
def plot_command(context: click.Context, /, **options: Any) -> None:
    """EXPRESSION and its derivative along a range, the other inputs fixed.

    \b
      gradcli plot "x**3 - x" --range x=-2:2
      gradcli plot "exp(-a*t)*sin(t)" --range t=0:4*pi --a 0.3 --order 2
      gradcli plot "sum(A @ v)**2" --A "1,2;3,4" --v 1,0 --range "v[1]=-1:1" -o p.png
      gradcli plot "sin(x)*cos(y)" --range x=-3:3 --range y=-3:3 -o contours.svg

    Pictures (.png, .svg, .pdf) are drawn by matplotlib; two ranges give contours with arrows along
    the gradient.
    """
    request = Request(context, options, drawn=True)
    program, inputs, warnings = request.program()
    ranges = _ranges(request, program, options["ranges"])
    if len(ranges) == 2 and options["order"] not in (None, 1):
        raise UsageError("with two ranges there is the gradient alone", hint="leave out --order")
    for one in ranges:
        if one.name.isidentifier():
            inputs[one.name] = one.low
    from gradcli.pictures import plots

    found: Curves | Surface
    with request.missing_inputs():
        if len(ranges) == 2:
            found = plots.surface(program, inputs, ranges)
        else:
            order = 1 if options["order"] is None else options["order"]
            found = plots.curves(program, inputs, ranges[0], order)
    found.warnings += warnings
    _answer(request, found)


def _ranges(request: Request, program: Program, texts: list[str]) -> list[Range]:
    """The ranges asked for. Raises UsageError for what is none, or none at all."""
    if not texts:
        free = [name for name in program.missing([]) if name not in request.bindings.texts]
        name = free[0] if free else "x"
        raise UsageError("a plot needs a range", hint=f"as in `--range {name}=-3:3`")
    if len(texts) > 2:
        raise UsageError("there are three ranges or more: two can be drawn")
    ranges = [_range(request, text, GRID_POINTS if len(texts) == 2 else POINTS) for text in texts]
    if len(ranges) == 2 and ranges[0].name == ranges[1].name:
        raise UsageError(f"`{ranges[0].name}` has two ranges")
    for one in ranges:
        if one.name in request.bindings.texts:
            raise UsageError(
                f"`{one.name}` has both a value and a range", hint=f"leave out --{one.name}"
            )
        if one.name.isidentifier():
            program.check_names([one.name])
    total = 1
    for one in ranges:
        total *= one.samples
    request.check_count(total * 8)
    return ranges


def _range(request: Request, text: str, count: int) -> Range:
    """`NAME=LOW:HIGH[:POINTS]`, both ends constant expressions."""
    from gradcli.inputs import read_value
    from gradcli.pictures.plots import Range

    name, equals, rest = text.partition("=")
    parts = _parted(rest)
    if not equals or not name.strip() or len(parts) not in (2, 3):
        raise UsageError(
            f"`{text}` is no range", hint="NAME=LOW:HIGH or NAME=LOW:HIGH:POINTS, as in x=-3:3"
        )
    name = name.strip()
    ends = [read_value(f"the range of {name}", part, request.settings) for part in parts[:2]]
    if any(end.ndim for end in ends):
        raise InputError(f"the ends of the range of `{name}` are single numbers")
    low, high = [float(end) for end in ends]
    if not (low < high and high - low < float("inf")):
        raise InputError(
            f"the range of `{name}` goes from {low:g} to {high:g}",
            hint="from the lesser to the greater, both finite",
        )
    if len(parts) == 3:
        if not parts[2].strip().isdecimal() or int(parts[2]) < 2:
            raise UsageError(
                f"`{parts[2]}` is no number of points", hint="2 or more, as in x=0:1:50"
            )
        count = int(parts[2])
    found = Range(name, low, high, count)
    if not found.apart(request.settings.dtype):
        raise InputError(
            f"there are not {count:,} numbers of {request.settings.dtype} from {low!r} to {high!r}",
            hint=f"fewer points, as in {name}={parts[0]}:{parts[1]}:9, or a wider range",
        )
    return found


def _parted(text: str) -> list[str]:
    """Split at colons outside brackets."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == ":" and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _answer(request: Request, found: Curves | Surface) -> None:
    """A chart in the terminal, a picture in a file, or the numbers."""
    request.require_finite(found)
    if request.output is not None and request.style in PICTURES:
        from gradcli.pictures.figures import plot_file
        from gradcli.pictures.words import elided

        title = elided(request.shown_source(), 70)
        write_picture(request, plot_file(found, title, request.style), request.style)
        request.remark(found.warnings, [*found.notes, *request.cost()])
    elif request.style == "csv" and request.get is None:
        from gradcli.render.write import csv_bytes

        table, header = found.table()
        request.check_count(table.size)
        write_picture(request, csv_bytes("table", table, header).decode(), "csv")
        request.remark(found.warnings, [*found.notes, *request.cost()])
    else:
        if len(request.options["ranges"]) == 2 and request.style == "text" and not request.get:
            found.notes.append("-o FILE.png (.svg, .pdf) draws contours with gradient arrows")
        request.answer(found, lambda result, look: _chart(request, result, look))


def _chart(request: Request, found: Any, look: Any) -> Any:
    """The lines of a chart."""
    from gradcli.pictures.chart import chart_lines, surface_lines
    from gradcli.pictures.plots import Curves
    from gradcli.render.text import terminal_height

    if isinstance(found, Curves):
        height = terminal_height(sys.stdout)
        return chart_lines(found.curves, found.name, look, request.coloured, height)
    return surface_lines(found, look, request.coloured)
