"""The contributions that a gradient is the sum of: one for each use of a value on the way."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff import vjp
from gradcli.graph import Arena, ancestors, building, dependents
from gradcli.ops.cotangent import Cotangent
from gradcli.seeds import seed_leaf
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from gradcli.graph import Node
    from gradcli.run import Run

    Array = np.ndarray[Any, Any]

MOST_USES = 200


def terms(run: Run, label: str, output: int, seed: Any) -> list[tuple[str, Array]]:
    """For each use of a value that has several: where it stands, and what it adds to the gradient.

    label: the input, or a part of it. Empty for programs that are large.
    """
    (one,) = run.wanted([label])
    y = run.outputs[output]
    order = ancestors([y])
    active = dependents(order, [one.node])
    uses: dict[int, list[tuple[Node, int]]] = {}
    for user in order:
        if user.serial in active and user.op.differentiable and user.serial != one.node.serial:
            for place, operand in enumerate(user.inputs):
                if operand.serial in active:
                    uses.setdefault(operand.serial, []).append((user, place))
    nodes = {node.serial: node for node in order}
    several = [
        (nodes[serial], user, place)
        for serial, users in uses.items()
        if len(users) > 1
        for user, place in users
    ]
    several += _summands(order, active, uses)
    if len(several) > MOST_USES:
        return []
    users = list({user.serial: user for _, user, _ in several}.values())
    found: list[tuple[str, Node]] = []
    with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
        leaf = seed_leaf(y)
        arrived = vjp([y], [Cotangent(leaf)], users) if users else []
        cotangents = {user.serial: part for user, part in zip(users, arrived, strict=True)}
        for operand, user, place in several:
            g = cotangents[user.serial]
            if g is None or len(user.types) > 1:
                continue
            wanted = [k == place for k in range(len(user.inputs))]
            part = user.op.vjp(user, [Cotangent(g)], wanted, False)[place]
            if not isinstance(part, Cotangent):
                continue
            if operand is one.node:
                term: Node | None = part.settle()[0]
            else:
                (term,) = vjp([operand], [part], [one.node])
            if term is not None:
                found.append((_where(run, user), term))
    if not found:
        return []
    start = np.ones(y.shape) if isinstance(seed, str) else seed
    values = {**run.values, leaf.serial: np.asarray(start, run.settings.dtype)}
    plan = run.traced.checked_plan([term for _, term in found], [leaf])
    arrays = plan.run(values)
    return [
        (where, one.part(array).astype(np.float64))
        for (where, _), array in zip(found, arrays, strict=True)
    ]


def _summands(
    order: list[Node], active: set[int], uses: dict[int, list[tuple[Node, int]]]
) -> list[tuple[Node, Node, int]]:
    """Operands that meet another one on which the result depends too."""
    met = []
    for user in order:
        inside = [k for k, node in enumerate(user.inputs) if node.serial in active]
        if user.serial in active and user.op.differentiable and len(inside) > 1:
            met += [
                (user.inputs[k], user, k) for k in inside if len(uses[user.inputs[k].serial]) == 1
            ]
    return met


def _where(run: Run, user: Node) -> str:
    """The text of the part of the program that a node stands for."""
    site = run.traced.site(user.serial)
    return "a step of the program" if site is None else f"`{ast.unparse(site)}`"
