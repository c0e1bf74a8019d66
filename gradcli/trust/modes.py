"""Derivatives by one mode of differentiation, column by column or row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff import jvp, vjp
from gradcli.graph import OPS, Arena, building
from gradcli.ops.cotangent import Cotangent
from gradcli.seeds import seed_leaf
from gradcli.simplify import rewrite
from gradcli.trust.forward import WORKING_SET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradcli.graph import Node
    from gradcli.run import Run

    Array = np.ndarray[Any, Any]


def by_forward(run: Run, y: Node, values: Mapping[int, Array], x: Node, positions: Array) -> Array:
    """Derivatives of the elements of y (rows) by elements of x (columns), in forward mode."""
    found = _columns(run, y, values, x, positions, False)
    if np.isnan(found).any():
        found = _columns(run, y, values, x, positions, True)
    return found


def _columns(
    run: Run, y: Node, values: Mapping[int, Array], x: Node, positions: Array, strict: bool
) -> Array:
    with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
        leaf = seed_leaf(x)
        (part,) = jvp([y], [x], [leaf], strict=strict)
    return _pushed(run, leaf, part, y.size, values, positions).T


def by_reverse(run: Run, y: Node, values: Mapping[int, Array], x: Node, positions: Array) -> Array:
    """The same in reverse mode, a pass for each element of y."""

    def rows(strict: bool) -> Array:
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            leaf = seed_leaf(y)
            mask = OPS["not_equal"](leaf, 0.0) if strict else None
            (part,) = vjp([y], [Cotangent(leaf, mask)], [x], strict=strict)
        return _pushed(run, leaf, part, x.size, values, np.arange(y.size))[:, positions]

    found = rows(False)
    return rows(True) if np.isnan(found).any() else found


def _pushed(
    run: Run, leaf: Node, part: Node | None, size: int, values: Mapping[int, Array], units: Array
) -> Array:
    """`part`, flattened, for a unit of the leaf at each of the places `units`."""
    found = np.zeros((len(units), size))
    if part is None:
        return found
    bound = [leaf, *run.traced.inputs.values()]
    bound += [node for node in _leaves(part, values) if node not in bound]
    plan = run.traced.checked_plan([part], bound, [leaf])
    each = max(1, WORKING_SET // max(plan.peak(2)[0] - plan.peak(1)[0], 8 * leaf.size, 1))
    for start in range(0, len(units), each):
        some = units[start : start + each]
        seeds = np.zeros((len(some), leaf.size), run.settings.dtype)
        seeds[np.arange(len(some)), some] = 1
        (array,) = plan.run({**values, leaf.serial: seeds.reshape(-1, *leaf.shape)})
        if not plan.output_batched[0]:
            array = np.broadcast_to(array, (len(some), *array.shape))
        found[start : start + len(some)] = array.reshape(len(some), -1)
    return found


def _leaves(part: Node, values: Mapping[int, Array]) -> list[Node]:
    """Bound nodes beside the inputs that a derivative reads: seeds of the gradient below it."""
    from gradcli.graph import ancestors

    return [node for node in ancestors([part]) if node.serial in values]
