"""Matrices in the terminal: a heat map, and a spy plot of what is not zero.

A cell is two columns wide and one line high, and so a square. A matrix with more rows or columns
than there is room for is drawn in blocks, each by its entry farthest from zero: no entry is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.pictures.chart import BITS, LEAST_WIDTH, NARROW, WIDTH
from gradcli.render.data import is_sparse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.render.layout import Line, Look

    Array = np.ndarray[Any, Any]
    Matrix = Any
    """A dense array of two axes, or a SciPy array of entries."""

MOST_ROWS, FEW, DIGITS = 32, 8, 4
"""Rows of a picture, the fewest that a longer axis is reduced to, and digits of a scale's ends."""

SHADES, ASCII_SHADES = "·░▒▓█", ".:o#@"
COLOURS = 6
"""Steps of a colour from the faintest to the strongest, by whose square root they grow."""

UNKNOWN, ENDLESS = "??", "!!"
"""Cells of NaN and infinities."""


def matrix_lines(matrix: Matrix, look: Look, coloured: bool) -> Iterator[Line]:
    """A heat map with its scale, and a spy plot beside it, or below where there is no room."""
    width = look.width or WIDTH
    if width < LEAST_WIDTH:
        yield NARROW
        return
    if 0 in matrix.shape:
        yield [("  (no elements)", "note")]
        return
    ascii_only = look.dots == "..."
    rooms = (width - 4, width - 4)
    if 2 * matrix.shape[1] + 6 > width or matrix.shape[0] > MOST_ROWS:
        # Neither is whole: side by side both are seen at once.
        rooms = ((width - 8) * 2 // 3, (width - 8) // 3)
    heat = list(heat_lines(matrix, rooms[0], coloured, ascii_only))
    spy = list(_spy(matrix, rooms[1], ascii_only))
    heat_width = max(_columns(line) for line in heat)
    spy_width = max(_columns(line) for line in spy)
    scale, count = scale_line(matrix, look, coloured, ascii_only), _count(matrix)
    if heat_width + spy_width + 8 <= width:
        for place in range(max(len(heat), len(spy))):
            left = heat[place] if place < len(heat) else [(" " * heat_width, "")]
            right = spy[place] if place < len(spy) else []
            yield [("  ", ""), *left, ("    ", ""), *right]
        yield [("  ", ""), *scale]
        yield [("  ", ""), (count, "note")]
        return
    yield from [[("  ", ""), *line] for line in heat]
    yield [("  ", ""), *scale]
    yield from [[("  ", ""), *line] for line in spy]
    yield [("  ", ""), (count, "note")]


def heat_lines(matrix: Matrix, room: int, coloured: bool, ascii_only: bool) -> Iterator[Line]:
    """The cells of a heat map, within so many columns."""
    cells = reduced(matrix, MOST_ROWS, max(room // 2 - 1, 1))
    top = top_of(matrix)
    across = ("-" if ascii_only else "─") * (2 * cells.shape[1])
    corners = "++++" if ascii_only else "┌┐└┘"
    side = "|" if ascii_only else "│"
    yield [(corners[0] + across + corners[1], "axis")]
    for row in cells:
        line: Line = [(side, "axis")]
        for value in row:
            line.append(_cell(float(value), top, coloured, ascii_only))
        yield [*_joined(line), (side, "axis")]
    yield [(corners[2] + across + corners[3], "axis")]


def entries(matrix: Matrix) -> Array:
    """All numbers that are not known to be zero."""
    found: Array = matrix.data if is_sparse(matrix) else matrix
    return found


def top_of(matrix: Matrix) -> float:
    """The greatest height of a finite entry; 1 where all are zero."""
    held = entries(matrix)
    finite = np.abs(held[np.isfinite(held)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def _cell(value: float, top: float, coloured: bool, ascii_only: bool) -> tuple[str, str]:
    """One cell: a colour where there are any, else a shade and a sign."""
    if np.isnan(value):
        return UNKNOWN, "error"
    if np.isinf(value):
        return ENDLESS, "error"
    if value == 0:
        return "  ", ""
    strength = (abs(value) / top) ** 0.5
    if coloured:
        step = max(1, int(np.ceil(strength * COLOURS)))
        return "  ", f"on {colour(step / COLOURS if value > 0 else -step / COLOURS)}"
    shades = ASCII_SHADES if ascii_only else SHADES
    shade = shades[min(int(strength * len(shades)), len(shades) - 1)]
    return shade + ("+" if value > 0 else "-"), "number"


def colour(strength: float) -> str:
    """From -1 to 1: from blue over grey, which both grounds show, to red."""
    grey = np.array([136, 136, 136])
    end = np.array([214, 40, 40]) if strength > 0 else np.array([30, 96, 220])
    r, g, b = np.rint(grey + (end - grey) * abs(strength)).astype(int)
    return f"rgb({r},{g},{b})"


def _joined(line: Line) -> Line:
    """Neighbouring pieces of one style as one."""
    found: Line = []
    for text, style in line:
        if found and found[-1][1] == style:
            found[-1] = (found[-1][0] + text, style)
        else:
            found.append((text, style))
    return found


def scale_line(matrix: Matrix, look: Look, coloured: bool, ascii_only: bool) -> Line:
    """What the colours mean: both signs on the scale of the entry farthest from zero."""
    look = type(look)(look.width, look.precision or DIGITS, ascii_only)
    held = entries(matrix)
    finite = held[np.isfinite(held)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    top = top_of(matrix)
    count = COLOURS if coloured else len(SHADES)
    steps = [((step - 0.5) / count) ** 2 * top for step in range(1, count + 1)]
    line: Line = []
    if low < 0:
        line.append((f"{look.number(-top)} ", "note"))
        line += [_cell(-step, top, coloured, ascii_only) for step in reversed(steps)]
        line.append((" ", ""))
    line.append(("0", "note"))
    if high > 0:
        line.append((" ", ""))
        line += [_cell(step, top, coloured, ascii_only) for step in steps]
        line.append((f" {look.number(top)}", "note"))
    for sign, there in ((UNKNOWN, np.isnan(held).any()), (ENDLESS, np.isinf(held).any())):
        if there:
            line.append((f"  {sign} {'nan' if sign == UNKNOWN else 'infinite'}", "error"))
    return line


def _count(matrix: Matrix) -> str:
    """How many entries are not zero."""
    count = int(np.count_nonzero(entries(matrix)))
    rows, columns = matrix.shape
    return f"{count:,} of {rows * columns:,} entries are not zero ({rows:,} by {columns:,})"


def pattern_of(matrix: Matrix) -> Matrix:
    """1 where an entry is not zero."""
    return matrix.astype(np.bool_).astype(np.float64)


def _spy(matrix: Matrix, room: int, ascii_only: bool) -> Iterator[Line]:
    """Which entries are not zero: a sign each, or dots of Braille signs for many."""
    there = pattern_of(matrix)
    rows, columns = there.shape
    if ascii_only or (rows <= MOST_ROWS and 2 * columns + 2 <= room):
        cells = reduced(there, MOST_ROWS, max(room // 2 - 1, 1))
        full, empty = ("# ", ". ") if ascii_only else ("■ ", "· ")
        yield [("", "")]
        for row in cells:
            yield _joined([(full, "number") if value else (empty, "note") for value in row])
        return
    dots = reduced(there, 4 * MOST_ROWS, 2 * room) != 0
    yield [("", "")]
    height, width = -(-dots.shape[0] // 4), -(-dots.shape[1] // 2)
    whole = np.zeros((4 * height, 2 * width), np.int64)
    whole[: dots.shape[0], : dots.shape[1]] = dots
    signs = (whole.reshape(height, 4, width, 2) * BITS[None, :, None, :]).sum(axis=(1, 3))
    for row in signs:
        yield [("".join([chr(0x2800 + int(bits)) for bits in row]), "number")]


def reduced(matrix: Matrix, rows: int, columns: int) -> Array:
    """A matrix of at most so many rows and columns: of each block the entry farthest from zero.

    Where both have to be fewer, blocks are squares, unless that leaves next to nothing of one.
    """
    factor = max(matrix.shape[0] / rows, matrix.shape[1] / columns)
    starts = []
    for extent, most in zip(matrix.shape, (rows, columns), strict=True):
        if extent > most:
            most = max(int(extent / factor + 1e-9), min(most, FEW))
        count = min(extent, most)
        starts.append(np.arange(count) * extent // count)
    if is_sparse(matrix):
        found = matrix.tocoo()
        places = [
            np.searchsorted(start, place, "right") - 1
            for start, place in zip(starts, (found.row, found.col), strict=True)
        ]
        low, high = np.zeros((2, len(starts[0]), len(starts[1])))
        np.minimum.at(low, tuple(places), found.data)
        np.maximum.at(high, tuple(places), found.data)
        return _farther(low, high)
    for axis, start in enumerate(starts):
        if len(start) < matrix.shape[axis]:
            low = np.minimum.reduceat(matrix, start, axis=axis)
            high = np.maximum.reduceat(matrix, start, axis=axis)
            matrix = _farther(low, high)
    dense: Array = matrix
    return dense


def _farther(low: Array, high: Array) -> Array:
    """Of the lowest and the highest entries those farther from zero."""
    return np.where(np.abs(low) > np.abs(high), low, high)


def _columns(line: Line) -> int:
    return sum(len(text) for text, _ in line)
