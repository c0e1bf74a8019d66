"""Pictures as files by matplotlib, which is imported here alone, when a file is asked for."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradcli.errors import ComputationError
from gradcli.pictures.colours import (
    BACK,
    FRAME,
    FRAME_GROUND,
    LIGHT,
    NOTE,
    WIRE,
    class_of,
    rounding,
)
from gradcli.pictures.layout import FONT, LINE, PADDING_X, PADDING_Y
from gradcli.pictures.svg import TIP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.pictures.layout import Placed, Scene
    from gradcli.pictures.picture import Picture

INCH = 96.0
"""Units of a scene in an inch."""

SHARP, LONGEST = 192.0, 16_000
"""Dots of a scene's inch in a PNG file, and the most that a side of it may have."""


@contextmanager
def drawing() -> Iterator[Any]:
    """The Figure of matplotlib, on no screen; ComputationError says how to install it."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise ComputationError(
            "this file is drawn by matplotlib, which is not installed",
            hint='`pip install "gradcli[plot]"`, or `pip install matplotlib`, installs it',
        ) from None
    # Names are no formulas, equal pictures equal bytes; letters that the font lacks are boxes.
    settings = {"text.parse_math": False, "svg.hashsalt": "gradcli", "svg.fonttype": "none"}
    with warnings.catch_warnings(), rc_context(settings):
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield Figure


def saved(figure: Any, style: str, dots: float = SHARP) -> bytes:
    """The figure as a file of that kind: `png`, `svg` or `pdf`."""
    buffer = io.BytesIO()
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(style)
    figure.savefig(buffer, format=style, dpi=dots, metadata=undated)
    return buffer.getvalue()


def graph_file(picture: Picture, scene: Scene, style: str) -> bytes:
    """The graph as a PNG or PDF file, drawn as the SVG is."""
    with drawing() as figure_class:
        from matplotlib.patches import FancyBboxPatch, PathPatch
        from matplotlib.path import Path

        width, height = scene.width / INCH, scene.height / INCH
        figure = figure_class(figsize=(width, height), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, scene.width)
        axes.set_ylim(scene.height, 0)
        axes.set_axis_off()
        point = 72 / INCH

        def area(placed: Placed, inset: float, radius: float, **look: Any) -> None:
            style = f"round,pad=0,rounding_size={radius}"
            corner = (placed.x + inset, placed.y + inset)
            size = (placed.width - 2 * inset, placed.height - 2 * inset)
            axes.add_patch(FancyBboxPatch(corner, *size, boxstyle=style, **look))

        def text(x: float, y: float, words: str, **look: Any) -> None:
            axes.text(x, y, words, family="monospace", fontsize=FONT * point, va="baseline", **look)

        for group, placed in scene.groups:
            dashes = "--" if group.backward else "-"
            area(placed, 0, 8, facecolor=FRAME_GROUND + "10", edgecolor=FRAME, linestyle=dashes)
        codes = {"M": [Path.MOVETO], "L": [Path.LINETO], "C": [Path.CURVE4] * 3}
        for wire in scene.wires:
            colour = BACK if wire.backward else WIRE
            steps = [code for sign, _ in wire.path for code in codes[sign]]
            ends = [end for _, points in wire.path for end in points]
            axes.add_patch(PathPatch(Path(ends, steps), fill=False, edgecolor=colour, lw=0.9))
            for x, y in wire.tips:
                tip = [(x, y), (x - TIP, y - 2 * TIP), (x + TIP, y - 2 * TIP), (x, y)]
                axes.add_patch(PathPatch(Path(tip), facecolor=colour, edgecolor="none"))
        for _, placed in scene.groups:
            text(placed.x + 8, placed.y + LINE - 2, placed.lines[0], color=NOTE)
        seeded = picture.computation.differentiated
        for box, placed in scene.boxes:
            inside, border = LIGHT[class_of(box)]
            dashes = "-" if box.active or not seeded else "--"
            corner = min(rounding(box), placed.height / 2)
            area(placed, 0, corner, facecolor=inside, edgecolor=border, linestyle=dashes, lw=0.9)
            if box.role == "group":
                area(placed, 3, 4, fill=False, edgecolor=border, lw=0.9)
            for number, line in enumerate(placed.lines):
                look = {"weight": "bold"} if number == 0 else {"color": NOTE}
                y = placed.y + PADDING_Y + LINE * number + FONT
                text(placed.x + PADDING_X, y, line, **look)
        return saved(figure, style, min(SHARP, LONGEST / max(width, height)))
