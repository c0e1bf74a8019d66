"""How results look: lines of styled pieces, the same for a terminal and a pipe.

Numbers print the shortest digits that read back to the same value, or `precision` significant ones.
On a terminal long arrays are elided to its width, with their shape; in a pipe they are whole.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import shape_text
from gradcli.render.data import flattened, is_sparse
from gradcli.results import FlatJacobian, FlatOutput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.results import Facts, Hessian, Jacobian, Result

    Array = np.ndarray[Any, Any]

Piece = tuple[str, str]
"""(text, style); styles are named, and given colours where there are any."""

Line = list[Piece]
SHOWN_ROWS = 20
SHOWN_COLUMNS = 12
SHOWN_ENTRIES = 8


class Look:
    """What the place of printing asks for. `width` None: a pipe, nothing is elided."""

    def __init__(self, width: int | None, precision: int | None, ascii_only: bool = False) -> None:
        self.width = width
        self.precision = precision
        self.dots = "..." if ascii_only else "…"

    def brief(self) -> Look:
        """The same, with long arrays elided in a pipe too."""
        return self if self.width is not None else Look(80, self.precision, self.dots == "...")

    def number(self, value: Any) -> str:
        """One number: `125`, `0.1`, `1e-20`, `nan`, `inf`, `True`."""
        if isinstance(value, (bool, np.bool_)):
            return str(bool(value))
        if isinstance(value, (int, np.integer)):
            return str(int(value))
        if self.precision is not None:
            return f"{float(value):.{self.precision}g}"
        text = str(value) if isinstance(value, np.floating) else repr(value)
        return text.removesuffix(".0")


def result_lines(result: Result[Any], look: Look) -> Iterator[Line]:
    """Value of every output, how what is beside it was found, and that, array by array."""
    several = len(result.outputs) > 1
    for place, output in enumerate(result.outputs):
        if place:
            yield []
        yield from _array_lines(f"value {place}" if several else "value", output.value, look)
        for name, fact in output.facts().items():
            yield [(name, "label"), (f"  {fact}", "note")]
        for path, array in flattened(output.named()):
            yield from _array_lines(" ".join(path), array, look)


def hessian_lines(result: Hessian, look: Look) -> Iterator[Line]:
    """Value, how the Hessian was found, and each block with labelled rows and columns."""
    several = len(result.outputs) > 1
    for place, output in enumerate(result.outputs):
        if place:
            yield []
        yield from _array_lines(f"value {place}" if several else "value", output.value, look)
        yield from how_lines(output.mode, output.passes, output.structure)
        for first, row in output.hessian.items():
            for second, block in row.items():
                title = f"hessian {first} {second}"
                yield [(title, "label"), (f"  shape {shape_text(block.shape)}", "note")]
                if is_sparse(block):
                    yield from _entry_lines(block, first, second, look)
                    continue
                rank = row[first].ndim // 2
                rows = _Names(first, block.shape[:rank])
                columns = _Names(second, block.shape[rank:])
                yield from _table_lines(block.reshape(len(rows), len(columns)), rows, columns, look)


def how_lines(mode: str, passes: int, structure: Facts | None) -> Iterator[Line]:
    """How a matrix of derivatives was found: its mode, its structure, the passes."""
    if structure is None:
        yield [("mode", "label"), (f"  {mode}, {_passes(passes)}", "note")]
        return
    yield [("mode", "label"), (f"  {mode}", "note")]
    count = "1 pass" if passes == 1 else f"{passes:,} passes"
    saved = f" instead of {structure.dense:,}" if passes < structure.dense else ""
    yield [("structure", "label"), (f"  {structure.name}: {count}{saved}", "note")]


def _passes(count: int) -> str:
    return "1 pass" if count == 1 else f"{count} passes as one batch"


def jacobian_lines(result: Jacobian | FlatJacobian, look: Look) -> Iterator[Line]:
    """Value, how the Jacobian was found, and each block with labelled rows and columns."""
    outputs: list[Any] = [*result.outputs]
    several = len(outputs) > 1
    for place, output in enumerate(outputs):
        if place:
            yield []
        name = f"out{place}" if several else "out"
        brief = look.brief() if has_sparse(output) else look
        yield from _array_lines(f"value {place}" if several else "value", output.value, brief)
        yield from how_lines(output.mode, output.passes, output.structure)
        if isinstance(output, FlatOutput):
            shape = shape_text(output.jacobian.shape)
            yield [("jacobian", "label"), (f"  shape {shape}", "note")]
            if is_sparse(output.jacobian):
                yield from _entry_lines(output.jacobian, "row", "column", look)
                continue
            yield from _table_lines(output.jacobian, output.rows, output.columns, look)
            continue
        for source, block in output.jacobian.items():
            title = f"jacobian {source}"
            yield [(title, "label"), (f"  shape {shape_text(block.shape)}", "note")]
            rank = output.value.ndim
            if is_sparse(block):
                yield from _entry_lines(block, name, source, look)
                continue
            rows = _Names(name, block.shape[:rank])
            columns = _Names(source, block.shape[rank:])
            yield from _table_lines(block.reshape(len(rows), len(columns)), rows, columns, look)


def has_sparse(output: Any) -> bool:
    """Whether an output has matrices that are summed up."""
    return any(is_sparse(part) for _, part in flattened(output.named()))


def _entry_lines(matrix: Any, row: str, column: str, look: Look) -> Iterator[Line]:
    """The first and the last entries of a sparse matrix; it has too many for a page."""
    entries = matrix.tocoo()
    count = entries.nnz
    yield [("  entries", "axis"), (f"  {count:,}", "note")]
    places = _shown(count, SHOWN_ENTRIES)
    cells = [
        [look.dots, "", ""]
        if place is None
        else [
            f"{row}[{entries.row[place]}]",
            f"{column}[{entries.col[place]}]",
            look.number(entries.data[place]),
        ]
        for place in places
    ]
    widths = [max(map(len, texts)) for texts in zip(*cells, strict=True)]
    for one in cells:
        names = "  ".join(text.ljust(width) for text, width in zip(one[:2], widths, strict=False))
        yield [(f"  {names}  ", "axis"), (one[2].rjust(widths[2]), "number")]


def flow_lines(result: Result[Any]) -> Iterator[Line]:
    """Which way control flow went, where data decided."""
    for event in result.control_flow:
        condition = event["condition"]
        if event["kind"] == "while":
            text = f"while {condition}: {_times(event['rounds'])}"
            text += f" in {event['runs']} runs" if event["runs"] > 1 else ""
        else:
            counts = [(word, event[word]) for word in ("true", "false") if event[word]]
            many = sum(count for _, count in counts) > 1
            ways = [f"{word} {_times(count)}" if many else word for word, count in counts]
            text = f"{event['kind']} {condition}: {', '.join(ways)}"
        yield [("path", "label"), (f"  line {event['line']}  ", "note"), (text, "")]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def value_lines(array: Array, look: Look) -> Iterator[Line]:
    """An array by itself, without a label."""
    lines = _array_lines("", array, look)
    if array.ndim < 2:
        for line in lines:
            yield line[2:]
    else:
        next(lines)
        yield from lines


def _array_lines(label: str, array: Array, look: Look) -> Iterator[Line]:
    head: Line = [(label, "label"), ("  ", "")]
    if array.ndim == 0:
        yield [*head, (look.number(array[()]), "number")]
    elif array.ndim == 1 or array.size == 0:
        yield [*head, *_vector(array, look, len(label) + 2)]
    else:
        yield [*head, (f"shape {shape_text(array.shape)}", "note")]
        yield from _matrix_lines(array, look)


def _vector(array: Array, look: Look, used: int) -> Line:
    if array.size == 0:
        return [(f"[]  shape {shape_text(array.shape)}", "number")]
    room = None if look.width is None else look.width - used - 4
    cells = _fitting(array, look, room)
    line: Line = [("[", "bracket"), (", ".join(cells), "number"), ("]", "bracket")]
    if look.dots in cells:
        line.append((f"  shape {shape_text(array.shape)}", "note"))
    return line


def _fitting(array: Array, look: Look, room: int | None) -> list[str]:
    """Cells of a vector, its middle elided where they do not fit."""
    if room is None:
        return [look.number(value) for value in array]
    count = array.size
    ends = min(count, max(6, room))
    first = [look.number(value) for value in array[: (ends + 1) // 2]]
    last = [look.number(value) for value in array[count - ends // 2 :]]
    if count == ends and len(", ".join(first + last)) <= room:
        return first + last
    # Take cells from both ends in turn while there is room beside the dots and the shape.
    space = room - len(look.dots) - 18
    front: list[str] = []
    back: list[str] = []
    while len(front) < len(first) and len(back) < len(last):
        turn, source = (
            (front, first[len(front)])
            if len(front) <= len(back)
            else (
                back,
                last[-1 - len(back)],
            )
        )
        space -= len(source) + 2
        if space < 0 and len(front) + len(back) >= 2:
            break
        turn.append(source)
    return [*front, look.dots, *reversed(back)]


def _matrix_lines(array: Array, look: Look) -> Iterator[Line]:
    """Nested brackets, columns aligned; rows and columns elided where they do not fit."""
    rows = array.reshape(-1, array.shape[-1])
    places = _shown(rows.shape[0], None if look.width is None else SHOWN_ROWS)
    shown = _shown(rows.shape[1], None if look.width is None else SHOWN_COLUMNS)
    cells = {
        place: [look.dots if c is None else look.number(rows[place][c]) for c in shown]
        for place in places
        if place is not None
    }
    widths = [max(map(len, column)) for column in zip(*cells.values(), strict=True)]
    room = None if look.width is None else look.width - array.ndim - 2 - len(_CLOSING)
    columns = _fit(widths, shown, room)
    last = rows.shape[0] - 1
    for place in places:
        if place is None:
            yield [(f"  {look.dots}", "note")]
            continue
        opening, closing = _brackets(place, last, array.shape[:-1])
        row = [look.dots if c is None else cells[place][c].rjust(widths[c]) for c in columns]
        yield [
            ("  " + opening.rjust(array.ndim), "bracket"),
            (", ".join(row), "number"),
            (closing + ("," if place < last else ""), "bracket"),
        ]


_CLOSING = "]],"


def _fit(widths: list[int], shown: list[int | None], room: int | None) -> list[int | None]:
    """Places in `shown` whose columns fit into `room`; None stands for those left out."""
    everything = [None if c is None else place for place, c in enumerate(shown)]
    if room is None or sum(widths) + 2 * len(widths) <= room:
        return everything
    front: list[int | None] = []
    back: list[int | None] = []
    candidates = [place for place in everything if place is not None]
    room -= 3
    while candidates:
        take_front = len(front) <= len(back)
        place = candidates.pop(0 if take_front else -1)
        room -= widths[place] + 2
        if room < 0 and front and back:
            break
        if take_front:
            front.append(place)
        else:
            back.insert(0, place)
    return [*front, None, *back]


def _brackets(place: int, last: int, lead: tuple[int, ...]) -> tuple[str, str]:
    """Brackets that open before and close behind a row of a nested list."""
    opening = closing = 1
    step = 1
    for extent in reversed(lead):
        step *= extent
        opening += place % step == 0
        closing += (place + 1) % step == 0
    return "[" * opening, "]" * closing


def _shown(count: int, most: int | None) -> list[int | None]:
    """Positions to show; None stands for those left out."""
    if most is None or count <= most:
        return list(range(count))
    head = most // 2
    return [*range(head), None, *range(count - (most - head - 1), count)]


class _Names:
    """Names of the elements of a tensor, made when they are shown."""

    def __init__(self, name: str, shape: Sequence[int]) -> None:
        self.name = name
        self.shape = tuple(map(int, shape))

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __getitem__(self, place: int) -> str:
        if not self.shape:
            return self.name
        return f"{self.name}[{','.join(map(str, np.unravel_index(place, self.shape)))}]"


def _table_lines(
    matrix: Array, row_names: _Names | list[str], column_names: _Names | list[str], look: Look
) -> Iterator[Line]:
    """A Jacobian as a table: a row for each output element, a column for each input's."""
    rows = _shown(matrix.shape[0], None if look.width is None else SHOWN_ROWS)
    shown = _shown(matrix.shape[1], None if look.width is None else SHOWN_COLUMNS)
    if not rows or not shown:
        yield [("  (no elements)", "note")]
        return
    labels = ["", *[look.dots if place is None else row_names[place] for place in rows]]
    edge = max(map(len, labels))
    header = [look.dots if c is None else column_names[c] for c in shown]
    body = [
        [look.dots if place is None or c is None else look.number(matrix[place, c]) for c in shown]
        for place in rows
    ]
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    columns = _fit(widths, shown, None if look.width is None else look.width - edge - 2)
    for number, (label, row) in enumerate(zip(labels, [header, *body], strict=True)):
        text = "  ".join(look.dots if c is None else row[c].rjust(widths[c]) for c in columns)
        yield [(f"  {label.ljust(edge)}  ", "axis"), (text, "number" if number else "axis")]
