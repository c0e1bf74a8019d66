"""Pictures as files by matplotlib, which is imported here alone, when a file is asked for."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

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
from gradcli.pictures.curves import limits_of, panels_of
from gradcli.pictures.layout import FONT, LINE, PADDING_X, PADDING_Y
from gradcli.pictures.matrix import entries, pattern_of, reduced, top_of
from gradcli.pictures.svg import TIP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.pictures.blocks import Block
    from gradcli.pictures.layout import Placed, Scene
    from gradcli.pictures.picture import Picture
    from gradcli.pictures.plots import Curves, Surface

    Array = np.ndarray[Any, Any]

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
        from matplotlib.patheffects import withStroke

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
        halo = [withStroke(linewidth=3, foreground="#f3f4f6")]
        for _, placed in scene.groups:
            place = (placed.x + 8, placed.y + LINE - 2)
            text(*place, placed.lines[0], color=NOTE, path_effects=halo)
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


# --- plots -------------------------------------------------------------------------------------

LINES = ("-", "--", ":", "-.")
PALETTE = ("#111827", "#dc2626", "#2563eb", "#a21caf", "#15803d", "#0e7490", "#b45309", "#6b7280")
"""Colours of curves, in the order of those in the terminal."""

DOTS = 144.0


def curves_file(found: Curves, title: str, style: str) -> bytes:
    """Curves as a file, in panels where their scales differ."""
    panels = panels_of(found.curves)
    several = len({curve.element for curve in found.curves}) > 1
    with drawing() as figure_class:
        figure = figure_class(figsize=(7.2, 2.0 + 2.6 * len(panels)), layout="constrained")
        all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, panel in zip(all_axes, panels, strict=True):
            for curve in panel:
                number = (curve.element if several else curve.order) % len(PALETTE)
                look = {"color": PALETTE[number], "linestyle": LINES[min(curve.order, 3)]}
                label: str | None = curve.label
                for xs, ys in curve.pieces:
                    if len(xs) == 1:
                        axes.plot(xs, ys, "o", color=PALETTE[number], markersize=3)
                    else:
                        axes.plot(xs, ys, label=label, **look)
                        label = None
            if any(curve.poles for curve in panel):
                axes.set_ylim(*limits_of(panel))
            axes.axhline(0, color=FRAME, lw=0.6, zorder=0)
            axes.grid(True, alpha=0.25)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(loc="best", framealpha=0.8)
        all_axes[0].set_title(title, fontsize=10, family="monospace")
        all_axes[-1].set_xlabel(found.name)
        return saved(figure, style, DOTS)


ARROWS = 20
"""Gradient arrows along each axis."""


def surface_file(found: Surface, title: str, style: str) -> bytes:
    """Contours with arrows along the gradient, longer where it is greater."""
    output = found.outputs[0]
    (first, x), (second, y) = output.points.items()
    value = output.value.T
    with drawing() as figure_class:
        figure = figure_class(figsize=(7.2, 5.8), layout="constrained")
        axes = figure.subplots()
        finite = value[np.isfinite(value)]
        if finite.size and finite.min() < finite.max():
            from matplotlib.ticker import MaxNLocator

            low, high = _levels(finite)
            levels = MaxNLocator(14).tick_values(low, high)
            beyond = levels[0] > finite.min(), levels[-1] < finite.max()
            names = {(True, True): "both", (True, False): "min", (False, True): "max"}
            shown = np.ma.masked_invalid(value)
            look = {"cmap": "viridis", "alpha": 0.75, "extend": names.get(beyond, "neither")}
            filled = axes.contourf(x, y, shown, levels, **look)
            axes.contour(x, y, shown, levels, colors="white", linewidths=0.5, alpha=0.6)
            figure.colorbar(filled, ax=axes)
        steps = [
            np.unique(np.linspace(0, len(axis) - 1, ARROWS + 2).astype(int)) for axis in (x, y)
        ]
        i, j = steps[0][1:-1], steps[1][1:-1]
        u, v = [part[np.ix_(i, j)].T for part in output.grad.values()]
        length = np.hypot(u, v)
        good = np.isfinite(length) & (length > 0)
        if good.any():
            # As long as the root of the gradient, up to the distance of arrows: those near a pole
            # would hide all others, and those far from it be too short to be seen.
            safe = np.where(good, length, 1)
            short = np.sqrt(np.minimum(safe / np.percentile(length[good], 95), 1))
            scale = np.where(good, short / safe, np.nan)
            look = {"angles": "xy", "scale_units": "width", "scale": ARROWS, "width": 0.0025}
            axes.quiver(x[i], y[j], u * scale, v * scale, color="black", alpha=0.75, **look)
        axes.set_xlim(x[0], x[-1])
        axes.set_ylim(y[0], y[-1])
        axes.set_xlabel(first)
        axes.set_ylabel(second)
        axes.set_title(title, fontsize=10, family="monospace")
        return saved(figure, style, DOTS)


def _levels(finite: Array) -> tuple[float, float]:
    """The lowest and the highest contour: without the peaks, where these tower above the rest."""
    low, high = float(finite.min()), float(finite.max())
    first, last = [float(part) for part in np.percentile(finite, [2, 98])]
    return (first, last) if high - low > 5 * (last - first) > 0 else (low, high)


PIXELS = 300
"""Rows and columns of a heat map; a larger matrix is drawn in blocks, so that no entry is lost."""


def blocks_file(found: list[list[Block]], style: str) -> bytes:
    """Matrices as heat maps, each with a spy plot of what is not zero."""
    blocks = [block for row in found for block in row]
    if not blocks:
        raise ComputationError("there is no block to draw: nothing is differentiated")
    with drawing() as figure_class:
        from matplotlib.ticker import MaxNLocator

        size = (8.4, 3.6 * len(blocks))
        figure = figure_class(figsize=size, layout="constrained")
        all_axes = figure.subplots(len(blocks), 2, squeeze=False)
        for (heat, spy), block in zip(all_axes, blocks, strict=True):
            rows, columns = block.matrix.shape
            top, count = top_of(block.matrix), int(np.count_nonzero(entries(block.matrix)))
            shown = np.ma.masked_invalid(reduced(block.matrix, PIXELS, PIXELS))
            there = reduced(pattern_of(block.matrix), PIXELS, PIXELS)
            aspect = "equal" if max(rows, columns) <= 4 * min(rows, columns) else "auto"
            extent = (-0.5, columns - 0.5, rows - 0.5, -0.5)
            look = {"aspect": aspect, "interpolation": "nearest", "extent": extent}
            drawn = heat.imshow(shown, cmap="RdBu_r", vmin=-top, vmax=top, **look)
            figure.colorbar(drawn, ax=heat)
            spy.imshow(there, cmap="binary", vmin=0, vmax=1, **look)
            heat.set_title(f"{block.title}  {block.shape}", fontsize=10)
            spy.set_title(f"{count:,} of {rows * columns:,} not zero", fontsize=10)
            for axes in (heat, spy):
                axes.set_ylabel(block.rows)
                axes.set_xlabel(block.columns)
                axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
                axes.yaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        return saved(figure, style, DOTS)


def plot_file(found: Curves | Surface, title: str, style: str) -> bytes:
    """A plot as a PNG, SVG or PDF file."""
    draw: Any = curves_file if hasattr(found, "curves") else surface_file
    content: bytes = draw(found, title, style)
    return content
