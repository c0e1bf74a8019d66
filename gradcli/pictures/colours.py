"""The colours of boxes and wires, on light ground and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcli.pictures.picture import Box

LIGHT = {
    "input": ("#dbeafe", "#1d4ed8"),
    "constant": ("#f3f4f6", "#6b7280"),
    "operation": ("#ffffff", "#374151"),
    "group": ("#ede9fe", "#6d28d9"),
    "gradient": ("#ffedd5", "#c2410c"),
    "backward": ("#fff7ed", "#ea580c"),
    "output": ("#dcfce7", "#15803d"),
}
"""(inside, border) of boxes by what they are."""

DARK = {
    "input": ("#172554", "#60a5fa"),
    "constant": ("#1f2937", "#9ca3af"),
    "operation": ("#111827", "#d1d5db"),
    "group": ("#221c3d", "#a78bfa"),
    "gradient": ("#431407", "#fb923c"),
    "backward": ("#2b1406", "#f97316"),
    "output": ("#052e16", "#4ade80"),
}
"""The same on a dark background."""

INK, NOTE = "#111827", "#4b5563"
WIRE, BACK = "#6b7280", "#ea580c"
FRAME, FRAME_GROUND = "#9ca3af", "#6b7280"

ROUNDINGS = {"input": 14.0, "gradient": 14.0, "constant": 2.0}
"""Radii of corners; of all other boxes 6."""


def class_of(box: Box) -> str:
    """Which of the colours a box has."""
    if box.role == "operation":
        return "output" if box.output else "backward" if box.backward else "operation"
    return box.role


def rounding(box: Box) -> float:
    """The radius of a box's corners."""
    return ROUNDINGS.get(box.role, 6.0)
