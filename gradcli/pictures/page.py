"""A graph as one HTML file that needs nothing else: it moves, zooms, and tells numbers on hover."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from gradcli.pictures.facts import card_data
from gradcli.pictures.layout import scene_of
from gradcli.pictures.picture import Picture
from gradcli.pictures.svg import style_text, svg_body, xml
from gradcli.render.data import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_SHOWN = 800
"""Boxes of a further depth that the page still offers."""


def page_text(picture: Picture) -> str:
    """The page. It offers other depths of folding too, where those are not too large."""
    computation = picture.computation
    views = "\n".join([_view(one, one is picture) for one in _depths(picture)])
    title = " ".join(computation.source.split())[:80]
    parts = {
        "title": xml(f"{title} - gradcli graph"),
        "style": style_text(),
        "views": views,
        # Nothing in a string may end the element that holds it.
        "data": json_text(card_data(computation)).replace("<", "\\u003c").replace("&", "\\u0026"),
    }
    template = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _depths(picture: Picture) -> Iterator[Picture]:
    for depth in range(picture.deepest + 1):
        if depth == picture.depth:
            yield picture
            continue
        other = Picture(picture.computation, depth)
        if len(other.boxes) > MOST_SHOWN:
            if depth > picture.depth:
                return
            continue
        yield other


def _view(picture: Picture, first: bool) -> str:
    scene = scene_of(picture)
    size = f"{scene.width:.0f} {scene.height:.0f}"
    mark = " data-first" if first else ' style="display:none"'
    head = (
        f'<g class="view" data-depth="{picture.depth}" data-boxes="{len(picture.boxes)}" '
        f'data-size="{size}"{mark}>'
    )
    return "\n".join([head, *svg_body(picture, scene, told=True), "</g>"])
