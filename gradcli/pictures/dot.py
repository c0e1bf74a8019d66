"""A graph as DOT (Graphviz) and as Mermaid. Names come from strangers: every text is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.pictures.colours import BACK, FRAME, INK, LIGHT, WIRE, class_of
from gradcli.pictures.words import BRIEF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradcli.pictures.groups import Group
    from gradcli.pictures.picture import Box, Picture


def dot_text(picture: Picture) -> str:
    """The picture in Graphviz's language."""
    lines = [
        "digraph computation {",
        '  graph [fontname="monospace", fontsize=11, style="rounded"];',
        '  node [fontname="monospace", fontsize=11, shape=box, style="rounded,filled"];',
        f'  edge [color="{WIRE}", arrowsize=0.7];',
    ]

    def cluster(group: Group) -> str:
        style = "dashed" if group.backward else "rounded"
        label = _quoted([group.label])
        return f'subgraph "cluster_{group.key}" {{ label={label}; style={style}; color="{FRAME}";'

    def node(box: Box) -> str:
        inside, border = LIGHT[class_of(box)]
        style = "rounded,filled" if box.active or not _seeded(picture) else "rounded,filled,dashed"
        label = _quoted(box.lines(BRIEF))
        shape = ", shape=box3d" if box.role == "group" else ""
        return f'{box.key} [label={label}, fillcolor="{inside}", color="{border}", ' + (
            f'style="{style}"{shape}];'
        )

    lines += _nested(picture, cluster, node, "}")
    for edge in picture.edges:
        style = f' [color="{BACK}"]' if edge.backward else ""
        lines.append(f"  {edge.source} -> {edge.target}{style};")
    return "\n".join([*lines, "}", ""])


def _seeded(picture: Picture) -> bool:
    return picture.computation.differentiated


def _quoted(texts: list[str]) -> str:
    """A DOT string of several lines. Backslashes and entities have meanings in labels."""
    escapes = {"\\": "\\\\", '"': '\\"', "&": "&amp;"}
    body = ["".join([escapes.get(sign, sign) for sign in text]) for text in texts]
    return '"' + "\\n".join(body) + '"'


def mermaid_text(picture: Picture) -> str:
    """The picture as a Mermaid flowchart, which web sites render in Markdown."""
    lines = ["flowchart TD"]
    ends = {"input": ("([", "])"), "gradient": ("([", "])"), "group": ("[[", "]]")}

    def node(box: Box) -> str:
        opening, closing = ends.get(box.role, ("[", "]"))
        label = "<br/>".join([_entities(text) for text in box.lines(BRIEF)])
        return f'{box.key}{opening}"{label}"{closing}:::{class_of(box)}'

    def subgraph(group: Group) -> str:
        return f'subgraph {group.key}["{_entities(group.label)}"]'

    lines += _nested(picture, subgraph, node, "end")
    lines += [f"  {edge.source} --> {edge.target}" for edge in picture.edges]
    used = {class_of(box) for box in picture.boxes.values()}
    for name, (inside, border) in LIGHT.items():
        if name in used:
            lines.append(f"  classDef {name} fill:{inside},stroke:{border},color:{INK}")
    return "\n".join([*lines, ""])


def _entities(text: str) -> str:
    """Text with all but letters, digits and a few harmless signs as entities.

    Mermaid reads Markdown, HTML and signs of its own in labels.
    """
    safe = " ,()=·…"
    return "".join([s if s.isalnum() or s in safe else f"#{ord(s)};" for s in text])


def _nested(
    picture: Picture,
    opening: Callable[[Group], str],
    node: Callable[[Box], str],
    closing: str,
) -> Iterator[str]:
    """A line for each box, within lines that open and close its groups."""
    members: dict[str, list[Box]] = {}
    inner: dict[str, list[Group]] = {}
    for box in picture.boxes.values():
        members.setdefault("" if box.within is None else box.within.key, []).append(box)
    for group in picture.groups:
        inner.setdefault("" if group.outer is None else group.outer.key, []).append(group)
    stack: list[tuple[int, Group | str]] = [(0, "")]
    while stack:
        level, at = stack.pop()
        indent = "  " * (level + 1)
        if isinstance(at, str) and at:
            yield indent + at
            continue
        key = "" if isinstance(at, str) else at.key
        if not isinstance(at, str):
            yield indent + opening(at)
            stack.append((level, closing))
            level, indent = level + 1, indent + "  "
        for box in members.get(key, []):
            yield indent + node(box)
        stack += [(level, group) for group in reversed(inner.get(key, []))]
