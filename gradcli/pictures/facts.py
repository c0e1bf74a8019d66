"""What is known of the nodes of a graph, as plain data: for JSON, and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.graph import size_of
from gradcli.ops.elementwise import shape_text
from gradcli.pictures.words import FULL, value_text
from gradcli.render.data import SCHEMA, json_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.pictures.computation import Computation, Entry
    from gradcli.pictures.groups import Group

CARD_ROOM = 400
"""Signs of an array on the page."""

TOLD_RULES = 2000
"""Nodes up to which each has its rule written out."""


def numbers(computation: Computation) -> int:
    """How many numbers all values and cotangents are."""
    nodes = [entry.node for entry in computation.entries]
    return sum(size_of(shape) for node in nodes for shape, _ in node.types) * 2


def graph_object(computation: Computation, expr: str) -> dict[str, Any]:
    """The JSON object of a graph: all nodes, none folded."""
    recording = computation.recording
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "command": "graph",
        "expr": expr,
        "nodes": [_node(computation, entry, _numbers) for entry in computation.entries],
        "groups": [_group(group) for group in computation.groups],
        "outputs": computation.outputs,
    }
    if computation.backward:
        found["gradients"] = dict(computation.gradients)
    if recording.control_flow:
        found["control_flow"] = recording.control_flow
    return {**found, "warnings": recording.warnings, "notes": recording.notes}


def card_data(computation: Computation) -> dict[str, Any]:
    """What the page shows of each node and group, by key, with the program's text."""
    nodes = {}
    for entry in computation.entries:
        card = _node(computation, entry, _text)
        card["shape"] = shape_text(entry.node.shape)
        card["path"] = [] if entry.group is None else [g.label for g in entry.group.chain()]
        if entry.span is not None:
            span = entry.span
            card["span"] = [span.line, span.column, span.end_line, span.end_column]
        nodes[entry.key] = card
    return {
        "nodes": nodes,
        "groups": {group.key: _group(group) for group in computation.groups},
        "source": computation.source,
        "outputs": computation.outputs,
    }


def _node(computation: Computation, entry: Entry, shown: Callable[[Any], Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": entry.key, "op": entry.node.op.name, "title": entry.title}
    if entry.name:
        found["name"] = entry.name
    found["operands"] = entry.operands
    found["shape"] = [int(extent) for extent in entry.node.shape]
    found["kind"] = entry.node.kind
    found["value"] = shown(entry.value)
    if entry.backward:
        found["backward"] = True
    elif computation.differentiated:
        found["cotangent"] = None if entry.cotangent is None else shown(entry.cotangent)
    if entry.cotangent is not None and len(computation.entries) <= TOLD_RULES:
        rules = list(computation.rules(entry))
        if rules:
            found["rules"] = [{"operand": operand, "gets": rule} for operand, rule in rules]
    if entry.origin:
        found["origin"] = entry.origin
    if entry.span is not None:
        found["line"], found["column"] = entry.span.line, entry.span.column + 1
        found["text"] = entry.text
    if entry.group is not None:
        found["group"] = entry.group.key
    return found


def _numbers(value: Any) -> Any:
    return [json_value(part) for part in value] if isinstance(value, tuple) else json_value(value)


def _text(value: Any) -> str:
    return value_text(value, CARD_ROOM, FULL)


def _group(group: Group) -> dict[str, Any]:
    where: Any = group.where
    found: dict[str, Any] = {"id": group.key, "kind": group.kind, "label": group.label}
    found |= {"line": where.lineno, "column": where.col_offset + 1, "operations": group.size}
    if group.outer is not None:
        found["group"] = group.outer.key
    if group.backward:
        found["backward"] = True
    return found
