"""A graph as SVG: light, and dark where the viewer is."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from gradcli.pictures.colours import (
    BACK,
    DARK,
    FRAME,
    FRAME_GROUND,
    INK,
    LIGHT,
    NOTE,
    WIRE,
    class_of,
    rounding,
)
from gradcli.pictures.layout import FONT, LINE, PADDING_X, PADDING_Y, scene_of
from gradcli.render.text import printable

if TYPE_CHECKING:
    from gradcli.pictures.layers import Point
    from gradcli.pictures.layout import Placed, Scene, Wire
    from gradcli.pictures.picture import Box, Picture

FAMILY = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
TIP = 4.0


def style_text() -> str:
    """The colours, by class; for a dark viewer the others."""
    light = [
        f".ground{{fill:#ffffff}}.text,.title{{fill:{INK}}}.note,.label{{fill:{NOTE}}}",
        f".wire{{stroke:{WIRE}}}.tip{{fill:{WIRE}}}",
        f".wire.back{{stroke:{BACK}}}.tip.back{{fill:{BACK}}}.label{{stroke:#f3f4f6}}",
        f".frame{{fill:{FRAME_GROUND};fill-opacity:.06;stroke:{FRAME}}}",
    ]
    dark = [
        ".ground{fill:#0b0f17}.text,.title{fill:#f3f4f6}.note,.label{fill:#9ca3af}",
        ".wire{stroke:#9ca3af}.tip{fill:#9ca3af}",
        ".wire.back{stroke:#fb923c}.tip.back{fill:#fb923c}.label{stroke:#141a26}",
        ".frame{fill:#9ca3af;fill-opacity:.08;stroke:#6b7280}",
    ]
    light += [f".{role}{{fill:{a};stroke:{b}}}" for role, (a, b) in LIGHT.items()]
    dark += [f".{role}{{fill:{a};stroke:{b}}}" for role, (a, b) in DARK.items()]
    fixed = ".wire{fill:none;stroke-width:1.2}.cut{stroke-dasharray:4 3}.title{font-weight:600}"
    fixed += ".label{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}"
    return f"{fixed}{''.join(light)}@media(prefers-color-scheme:dark){{{''.join(dark)}}}"


def svg_text(picture: Picture) -> str:
    """The picture as an SVG document of its own."""
    scene = scene_of(picture)
    size = f'width="{scene.width:.0f}" height="{scene.height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{view_box(scene)}">'
    title = xml(picture.computation.source.strip()[:200])
    body = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        head,
        f"<title>{title}</title>",
        f"<style>{style_text()}</style>",
        '<rect class="ground" width="100%" height="100%"/>',
        *svg_body(picture, scene),
        "</svg>",
        "",
    ]
    return "\n".join(body)


def view_box(scene: Scene) -> str:
    """The part of the plane that a scene takes."""
    return f"0 0 {scene.width:.0f} {scene.height:.0f}"


def xml(text: str) -> str:
    """Text for XML and HTML, without the control characters that they cannot hold."""
    return escape("".join([c if c in "\n\t" else printable(c) for c in text]))


def svg_body(picture: Picture, scene: Scene, told: bool = False) -> list[str]:
    """Groups, wires and boxes; boxes have their key in data-key, wires their source's.

    told: boxes name their label, their operands and the entries whose numbers they show too.
    """
    lines = [f'<g font-family="{FAMILY}" font-size="{FONT:g}">']
    for group, placed in scene.groups:
        cut = " cut" if group.backward else ""
        lines.append(
            f'<g data-group="{group.key}"><rect class="frame{cut}" {_area(placed)} rx="8"/></g>'
        )
    lines += [_wire(wire) for wire in scene.wires]
    for _, placed in scene.groups:
        place = f'x="{placed.x + 8:.1f}" y="{placed.y + LINE - 2:.1f}"'
        lines.append(f'<text class="label" {place}>{xml(placed.lines[0])}</text>')
    operands = picture.operands() if told else None
    lines += [_box(picture, box, placed, operands) for box, placed in scene.boxes]
    return [*lines, "</g>"]


def _area(placed: Placed) -> str:
    return (
        f'x="{placed.x:.1f}" y="{placed.y:.1f}" '
        f'width="{placed.width:.1f}" height="{placed.height:.1f}"'
    )


def _wire(wire: Wire) -> str:
    back = " back" if wire.backward else ""
    tips = "".join([_tip(point) for point in wire.tips])
    arrows = f'<path class="tip{back}" d="{tips}"/>' if tips else ""
    steps = [sign + " ".join([f"{x:.1f},{y:.1f}" for x, y in ends]) for sign, ends in wire.path]
    path = f'<path class="wire{back}" d="{"".join(steps)}"/>'
    return f'<g data-source="{wire.source}">{path}{arrows}</g>'


def _tip(point: Point) -> str:
    x, y = point
    return f"M{x:.1f},{y:.1f}l{-TIP:g},{-2 * TIP:g}h{2 * TIP:g}z"


def _box(picture: Picture, box: Box, placed: Placed, operands: dict[str, list[str]] | None) -> str:
    cut = "" if box.active or not picture.computation.differentiated else " cut"
    parts = [f'<rect class="{class_of(box)}{cut}" {_area(placed)} rx="{rounding(box):g}"/>']
    if box.role == "group":
        inner = _inner(placed)
        parts.append(f'<rect class="{class_of(box)}" {inner} rx="4" fill-opacity="0"/>')
    x = placed.x + PADDING_X
    for number, text in enumerate(placed.lines):
        y = placed.y + PADDING_Y + LINE * number + FONT
        style = "title" if number == 0 else "note" if text.startswith("grad  ") else "text"
        parts.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{xml(text)}</text>')
    told = ""
    if operands is not None:
        results = " ".join([entry.key for entry in box.entries])
        told = f' data-label="{xml(box.label)}" data-results="{results}"'
        told += f' data-operands="{" ".join(operands[box.key])}"'
    return f'<g data-key="{box.key}"{told}>{"".join(parts)}</g>'


def _inner(placed: Placed) -> str:
    return _area(
        placed._replace(
            x=placed.x + 3, y=placed.y + 3, width=placed.width - 6, height=placed.height - 6
        )
    )
