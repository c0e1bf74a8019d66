"""Curves in the terminal: dots of Braille signs, two across and four down a cell, or ASCII.

Each curve has a colour; without colours, each order of derivatives has dashes, or a sign, of its
own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.pictures.curves import limits_of, panels_of
from gradcli.pictures.ticks import tick_texts, ticks
from gradcli.render.text import cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.pictures.curves import Curve
    from gradcli.pictures.plots import Surface
    from gradcli.render.layout import Line, Look

    Array = np.ndarray[Any, Any]

HEIGHT, LEAST_HEIGHT, AROUND = 20, 8, 7
"""Lines of a chart, of each of several panels at least, and of a terminal around it."""

WIDTH, LEAST_WIDTH = 80, 24
NARROW = [(f"a picture needs {LEAST_WIDTH} columns", "note")]
"""Columns of a picture without a terminal, the least it may have, and what is shown in fewer."""

STYLES = ("curve0", "curve1", "curve2", "curve3", "curve4", "curve5", "curve6", "curve7")
DASHES = ((1, 0), (6, 3), (2, 3), (7, 3, 1, 3))
"""Dots that are drawn and left out in turn, by order; higher orders as the last."""

MARKS = "*+.ox#%@"
"""What draws each curve in ASCII."""

BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The dots of a Braille sign, rows first."""


class Drawn(NamedTuple):
    """How a curve is drawn: a style, and dashes or a mark."""

    style: str
    dashes: tuple[int, ...]
    mark: str


def drawn(curves: list[Curve], several: bool, coloured: bool) -> dict[str, Drawn]:
    """How to draw each curve: colours tell elements apart where there are several, else orders."""
    found = {}
    for place, curve in enumerate(curves):
        dashed = several or not coloured
        dashes = DASHES[min(curve.order, len(DASHES) - 1) if dashed else 0]
        number = curve.element if several else curve.order
        style = STYLES[number % len(STYLES)]
        found[curve.label] = Drawn(style, dashes, MARKS[place % len(MARKS)])
    return found


class _Canvas:
    """Cells that lines are drawn into. Coordinates are in dots from the top left."""

    def __init__(self, width: int, height: int, ascii_only: bool) -> None:
        self.width = width
        self.height = height
        self.fine = (1, 1) if ascii_only else (2, 4)
        self.bits = np.zeros((height, width), np.int64)
        self.signs: list[list[str]] = [[" "] * width for _ in range(height)]
        self.styles: list[list[str]] = [[""] * width for _ in range(height)]

    def dot(self, x: float, y: float, look: Drawn) -> None:
        """One dot, where it is on the canvas."""
        column, row = int(x), int(y)
        if not (0 <= column < self.width * self.fine[0] and 0 <= row < self.height * self.fine[1]):
            return
        at, down = column // self.fine[0], row // self.fine[1]
        if self.fine == (1, 1):
            self.signs[down][at] = look.mark
        else:
            self.bits[down, at] |= BITS[row % 4, column % 2]
            self.signs[down][at] = chr(0x2800 + int(self.bits[down, at]))
        self.styles[down][at] = look.style

    def line(self, xs: Array, ys: Array, look: Drawn) -> None:
        """A line through points, cut off at the top and the bottom, dashed along its way."""
        if len(xs) == 1:
            self.dot(xs[0], ys[0], look)
            return
        period = sum(look.dashes)
        way = 0.0
        bottom = self.height * self.fine[1]
        for x0, y0, x1, y1 in zip(xs, ys, xs[1:], ys[1:], strict=False):
            length = max(abs(x1 - x0), abs(y1 - y0))
            # What lies far outside is not walked through dot by dot.
            first, last = _inside(y0, y1, -1.0, bottom + 1.0)
            if first is None or last is None:
                continue
            count = max(int(np.ceil(length * (last - first))), 1)
            for part in np.linspace(first, last, count + 1):
                along = way + (part - first) * length
                if self.fine == (1, 1) or _shown(along, look.dashes, period):
                    self.dot(x0 + part * (x1 - x0), y0 + part * (y1 - y0), look)
            way += (last - first) * length

    def write(self, row: int, column: int, text: str, style: str) -> None:
        """A word around a place, over what is there."""
        start = max(0, min(column - len(text) // 2, self.width - len(text)))
        for place, sign in enumerate(text[: self.width]):
            self.signs[row][start + place], self.styles[row][start + place] = sign, style

    def rule(self, row: int, sign: str, style: str) -> None:
        """A line across, behind everything."""
        for column in range(self.width):
            if self.signs[row][column] == " ":
                self.signs[row][column], self.styles[row][column] = sign, style

    def stem(self, column: int, sign: str, style: str) -> None:
        """A line down, behind everything."""
        for row in range(self.height):
            if self.signs[row][column] == " ":
                self.signs[row][column], self.styles[row][column] = sign, style

    def pieces(self, row: int) -> Line:
        """A row as pieces of one style each."""
        found: Line = []
        for sign, style in zip(self.signs[row], self.styles[row], strict=True):
            if found and found[-1][1] == style:
                found[-1] = (found[-1][0] + sign, style)
            else:
                found.append((sign, style))
        return found


def _inside(y0: float, y1: float, low: float, high: float) -> tuple[float | None, float | None]:
    """Which part of a line from y0 to y1 lies between two heights, from 0 to 1."""
    if y0 == y1:
        return (0.0, 1.0) if low <= y0 <= high else (None, None)
    ends = sorted(((low - y0) / (y1 - y0), (high - y0) / (y1 - y0)))
    first, last = max(ends[0], 0.0), min(ends[1], 1.0)
    return (first, last) if first <= last else (None, None)


def _shown(way: float, dashes: tuple[int, ...], period: int) -> bool:
    """Whether a dot so far along a line is drawn."""
    place = way % period
    for number, length in enumerate(dashes):
        if place < length:
            return number % 2 == 0
        place -= length
    return False


def chart_lines(
    curves: list[Curve], name: str, look: Look, coloured: bool, terminal: int | None = None
) -> Iterator[Line]:
    """A legend, and a panel for the curves, or one for each order where their scales differ.

    terminal: its height in lines, where there is one.
    """
    ascii_only = look.dots == "..."
    width = look.width or WIDTH
    if width < LEAST_WIDTH:
        yield NARROW
        return
    height = HEIGHT
    if terminal is not None:
        height = min(max(terminal - AROUND, LEAST_HEIGHT), max(width // 3, HEIGHT))
    several = len({curve.element for curve in curves}) > 1
    looks = drawn(curves, several, coloured)
    panels = panels_of(curves)
    rows = max(height // len(panels), LEAST_HEIGHT)
    limits = [limits_of(panel) for panel in panels]
    marks = [ticks(low, high, max(rows // 3, 3)) for low, high in limits]
    edge = max(len(text) for values in marks for text in tick_texts(values))
    inner = width - edge - 3
    yield from _legend(looks, width, ascii_only)
    for number, (panel, (low, high), values) in enumerate(zip(panels, limits, marks, strict=True)):
        canvas = _Canvas(inner, rows, ascii_only)
        across, down = inner * canvas.fine[0] - 1, rows * canvas.fine[1] - 1
        x = curves[0].x
        left, right = float(min(x[0], x[-1])), float(max(x[0], x[-1]))
        to_x = across / (right - left)
        to_y = down / (high - low)
        # The function itself is drawn last, over its derivatives.
        for curve in reversed(panel):
            for xs, ys in curve.pieces:
                places = (xs - left) * to_x + 0.5
                canvas.line(places, (high - ys) * to_y + 0.5, looks[curve.label])
        if several:
            for place, curve in enumerate(panel):
                wanted = left + (right - left) * (place + 0.5) / len(panel)
                spot = int(np.argmin(np.abs(curve.x - wanted)))
                if low < curve.y[spot] < high:
                    row = int((high - curve.y[spot]) * to_y + 0.5) // canvas.fine[1]
                    column = int((curve.x[spot] - left) * to_x) // canvas.fine[0]
                    canvas.write(row, column, curve.label, looks[curve.label].style)
        if low < 0 < high:
            canvas.rule(int(high * to_y + 0.5) // canvas.fine[1], _sign("┄", ascii_only), "axis")
        if left < 0 < right:
            stem = int(-left * to_x + 0.5) // canvas.fine[0]
            canvas.stem(stem, _sign("┊", ascii_only), "axis")
        at = {
            int((high - value) * to_y + 0.5) // canvas.fine[1]: text
            for value, text in zip(values, tick_texts(values), strict=True)
        }
        for row in range(rows):
            text = at.get(row, "")
            side = _sign("┤" if text else "│", ascii_only)
            yield _stripped([(f"{text.rjust(edge)} {side}", "axis"), *canvas.pieces(row)])
        last = number == len(panels) - 1
        yield from _bottom(left, right, edge, inner, name if last else "", ascii_only)


def _legend(looks: dict[str, Drawn], width: int, ascii_only: bool) -> Iterator[Line]:
    line: Line = []
    used = 0
    for label, look in looks.items():
        sample = _sample(look, ascii_only)
        text = f" {label}   "
        size = len(sample) + cells(text)
        if line and used + size > width - 2:
            yield [("  ", ""), *_stripped(line)]
            line, used = [], 0
        line += [(sample, look.style), (text, look.style)]
        used += size
    yield [("  ", ""), *_stripped(line)]


def _stripped(line: Line) -> Line:
    """A line without spaces at its end."""
    text, style = line[-1]
    return [*line[:-1], (text.rstrip(), style)]


def _sample(look: Drawn, ascii_only: bool) -> str:
    """A short line as a curve is drawn."""
    if ascii_only:
        return look.mark * 3
    period = sum(look.dashes)
    dots = [_shown(way, look.dashes, period) for way in range(12)]
    pairs = zip(dots[::2], dots[1::2], strict=True)
    return "".join([chr(0x2800 + 0x04 * left + 0x20 * right) for left, right in pairs])


def _bottom(
    left: float, right: float, edge: int, inner: int, name: str, ascii_only: bool
) -> Iterator[Line]:
    """The axis below a panel, with round numbers and what varies along it."""
    values = ticks(left, right, max(inner // 10, 3))
    bar = [_sign("─", ascii_only)] * inner
    words = [" "] * (inner + edge + 3)
    for value, text in zip(values, tick_texts(values), strict=True):
        column = round((value - left) / (right - left) * (inner - 1))
        bar[column] = _sign("┬", ascii_only)
        start = edge + 2 + column - len(text) // 2
        start = min(start, len(words) - len(text))
        if all(sign == " " for sign in words[max(start - 1, 0) : start + len(text) + 1]):
            words[start : start + len(text)] = text
    yield [(" " * edge + " " + _sign("└", ascii_only) + "".join(bar), "axis")]
    if name:
        yield [("".join(words).rstrip(), "axis")]
        yield [(" " * max(edge + 2 + (inner - cells(name)) // 2, 0) + name, "label")]


def _sign(sign: str, ascii_only: bool) -> str:
    """A sign of a frame, or what stands for it in ASCII."""
    if not ascii_only:
        return sign
    return {"┄": "-", "┊": ":", "─": "-", "│": "|", "┤": "+", "┬": "+", "└": "+"}[sign]


def surface_lines(found: Surface, look: Look, coloured: bool) -> Iterator[Line]:
    """The values over two ranges as a heat map, the second of them upwards."""
    from gradcli.pictures.matrix import heat_lines, scale_line

    output = found.outputs[0]
    (first, x), (second, y) = output.points.items()
    ascii_only = look.dots == "..."
    width = look.width or WIDTH
    if width < LEAST_WIDTH:
        yield NARROW
        return
    # A map is no matrix: it may be wider than high, and shows points, not all of them.
    across = np.linspace(0, len(x) - 1, min(len(x), (width - 4) // 2)).round().astype(int)
    upward = np.linspace(len(y) - 1, 0, min(len(y), HEIGHT)).round().astype(int)
    value = output.value.T[np.ix_(upward, across)]
    yield [(f"{second} = {y[-1]:g}", "axis")]
    yield from heat_lines(value, width - 2, coloured, ascii_only)
    yield [(f"{second} = {y[0]:g}, {first} from {x[0]:g} to {x[-1]:g}", "axis")]
    yield scale_line(value, look, coloured, ascii_only)
