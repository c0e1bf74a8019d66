"""Derivatives of a run beyond gradient and Jacobian: products, Hessians, elementwise ones.

Each is a graph, kept with the traced program, run in plain arithmetic first; where that gives NaN
it is found again with structural zeros kept apart from values, as gradients are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.arrays import as_array, has_nan, owned
from gradcli.autodiff import jvp, vjp
from gradcli.autodiff.colouring import LEAST
from gradcli.autodiff.entries import entries
from gradcli.autodiff.operators import jacobian, pushed, pushed_ones
from gradcli.autodiff.pointwise import not_diagonal, require_looked_at, shapes_differ
from gradcli.autodiff.structure import NONE, is_diagonal, own_positions, sources
from gradcli.errors import SeedError
from gradcli.graph import OPS, Arena, Node, building
from gradcli.jacobians import jacobian_of
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import array_constant, constant
from gradcli.ops.linear import Positions, diagonal, index, reshape
from gradcli.seeds import seed_leaf
from gradcli.simplify import rewrite
from gradcli.sparse import columns_of, structure_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.engine import Plan
    from gradcli.run import Run
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]
    Part = Array | None


WHOLE = "`gradcli jacobian`"
"""What gives a Jacobian that is not diagonal, for messages."""


# --- products ----------------------------------------------------------------------------------


class Direction:
    """A vector for each of some inputs, which move along it; the others stand still."""

    def __init__(self, run: Run, tangents: Mapping[str, Any]) -> None:
        if not tangents:
            name = next(iter(run.traced.inputs), "x")
            raise SeedError(
                "a product needs a tangent: the direction in which the inputs move",
                hint=f"as in `--tangent {name}=ones`, or with a value of the shape of {name}",
            )
        self.wanted = run.wanted(list(tangents))
        dtype = run.settings.dtype
        moved: dict[int, tuple[Node, Array]] = {}
        for one, value in zip(self.wanted, tangents.values(), strict=True):
            array = np.ones(one.shape, dtype)
            if not (isinstance(value, str) and value == "ones"):
                array = as_array(f"the tangent of {one.label}", value, run.settings)
            if array.shape != one.shape:
                raise SeedError(
                    f"the tangent of `{one.label}` has shape {shape_text(array.shape)}, "
                    f"`{one.label}` has shape {shape_text(one.shape)}",
                    hint="a tangent has its input's shape; nothing is broadcast",
                )
            start = (one.node, np.zeros(one.node.size, dtype))
            np.add.at(moved.setdefault(one.node.serial, start)[1], one.columns(), array.ravel())
        self.nodes = [node for node, _ in moved.values()]
        self.arrays = [whole.reshape(node.shape) for node, whole in moved.values()]
        self.key = tuple(moved)


def jvp_of(run: Run, direction: Direction) -> list[tuple[Array, Array]]:
    """For each output its value and the product of its Jacobian with the direction."""

    def make(strict: bool) -> tuple[Plan, list[Node], list[bool]]:
        leaves = [seed_leaf(node) for node in direction.nodes]
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            parts = jvp(run.outputs, direction.nodes, leaves, strict=strict)
        nodes = [*run.outputs, *[part for part in parts if part is not None]]
        present = [part is not None for part in parts]
        return run.traced.checked_plan(nodes, leaves), leaves, present

    def found(strict: bool) -> tuple[list[Array], list[Part]]:
        key = ("jvp", direction.key, strict)
        plan, leaves, present = run.traced.kept(key, lambda: make(strict))
        return _values_and_parts(run, plan, [(leaves, direction.arrays)], present)

    values, parts = found(False)
    if has_nan(parts):
        values, parts = found(True)
    return [
        (value, np.zeros(output.shape, run.settings.dtype) if part is None else owned(part))
        for output, value, part in zip(run.outputs, values, parts, strict=True)
    ]


def hvp_of(
    run: Run, output: Node, seed: Any, wanted: list[Wrt], direction: Direction
) -> tuple[Array, list[Part]]:
    """An output's value and the product of its Hessian, or that of sum(seed*output)."""
    nodes = [one.node for one in wanted]

    def make(strict: bool) -> tuple[Plan, list[Node], list[Node], list[bool]]:
        leaves = [seed_leaf(node) for node in direction.nodes]
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            bound, start = start_of(output, seed, strict)
            parts: list[Node | None]
            if strict:
                # The Hessian is its own transpose.
                firsts = vjp([output], [start], direction.nodes, strict=True)
                pairs = [(f, leaf) for f, leaf in zip(firsts, leaves, strict=True) if f is not None]
                starts = [Cotangent(leaf, OPS["not_equal"](leaf, 0.0)) for _, leaf in pairs]
                parts = [None] * len(nodes)
                if pairs:
                    parts = vjp([first for first, _ in pairs], starts, nodes, strict=True)
            else:
                firsts = vjp([output], [start], nodes)
                pushes = iter(
                    jvp([first for first in firsts if first is not None], direction.nodes, leaves)
                )
                parts = [None if first is None else next(pushes) for first in firsts]
        present = [part is not None for part in parts]
        computed = [output, *[part for part in parts if part is not None]]
        return run.traced.checked_plan(computed, [*leaves, *bound]), leaves, bound, present

    def found(strict: bool) -> tuple[list[Array], list[Part]]:
        given = not isinstance(seed, str)
        names = tuple([node.serial for node in nodes])
        key = ("hvp", output.serial, names, direction.key, given, strict)
        plan, leaves, bound, present = run.traced.kept(key, lambda: make(strict))
        pairs = [(leaves, direction.arrays), (bound, [seed])]
        return _values_and_parts(run, plan, pairs, present)

    (value,), parts = found(False)
    if has_nan(parts):
        (value,), parts = found(True)
    return value, parts


def start_of(output: Node, seed: Any, strict: bool) -> tuple[list[Node], Cotangent]:
    """The cotangent of an output to start from, and the leaf to bind a seed of values to."""
    if isinstance(seed, str):
        return [], Cotangent(constant(1.0, output.shape))
    leaf = seed_leaf(output)
    return [leaf], Cotangent(leaf, OPS["not_equal"](leaf, 0.0) if strict else None)


def _values_and_parts(
    run: Run,
    plan: Plan,
    bound: Sequence[tuple[Sequence[Node], Sequence[Array]]],
    present: list[bool],
) -> tuple[list[Array], list[Part]]:
    """Run a plan of values and then the parts that are present; None for the others."""
    values = dict(run.values)
    for leaves, arrays in bound:
        values.update({leaf.serial: array for leaf, array in zip(leaves, arrays, strict=False)})
    found = plan.run(values)
    count = len(found) - sum(present)
    rest = iter(found[count:])
    return found[:count], [next(rest) if there else None for there in present]


# --- element by element ------------------------------------------------------------------------


def derivative_of(run: Run, output: Node, one: Wrt, order: int) -> tuple[Array, int]:
    """The elementwise derivative of an output of some order, and the passes that it took.

    Raises ShapeError where the shapes differ, ArgumentError where the Jacobian is not diagonal.
    """
    if one.shape and output.shape != one.shape:
        error = shapes_differ(
            "the output", output.shape, f"`{one.label}`", one.shape,
            WHOLE, "`gradcli eval`; `gradcli hessian` goes on to second order",
        )  # fmt: skip
        error.hint += "; --wrt names what to differentiate by"
        raise error
    if not one.shape:
        return _along(run, output, one, order, None), order
    found = sources(output, one.node)
    own, counted = own_positions(output, one.node), found
    if one.positions is not None:
        # What an element of the input outside the part does is no derivative by the part.
        own = one.positions
        outside = (found >= 0) & ~np.isin(found, one.columns())
        counted = np.where(outside, NONE, found)
    if is_diagonal(counted, own):
        return _along(run, output, one, order, counted == own), order
    if structure_of(run, [output], columns_of([one]), "auto").compression is None:
        require_looked_at(found, own, one.node.shape, WHOLE)
    return _looked_at(run, output, one, order)


def _along(run: Run, output: Node, one: Wrt, order: int, kept: Array | None) -> Array:
    """Derivatives along ones, or along the one element of a part: rows have no other entry.

    kept: where there is an entry at all; None for everywhere.
    """
    x = one.node

    def make(strict: bool) -> Plan:
        with building(Arena(rewrite, run.settings.max_nodes, strict=strict)):
            unit = np.zeros(x.size)
            unit[one.columns()] = 1
            whole = one.positions is None or one.shape
            y = output
            with np.errstate(all="ignore"):
                for _ in range(order):
                    if whole:
                        y = pushed_ones(y, x)
                    else:
                        y = pushed(y, [x], [array_constant(unit.reshape(x.shape))])
        return run.traced.checked_plan([y])

    def found(strict: bool) -> Array:
        key = ("along", output.serial, one.label, order, strict)
        plan: Plan = run.traced.kept(key, lambda: make(strict))
        return plan.run(run.values)[0]

    array = found(False)
    if kept is not None and not kept.all():
        array = np.where(kept, array, 0)
    if has_nan([array]):
        array = found(True)
        array = array if kept is None else np.where(kept, array, 0)
    return owned(array)


def _looked_at(run: Run, output: Node, one: Wrt, order: int) -> tuple[Array, int]:
    """The same by whole Jacobians, which show at these inputs that they are diagonal."""
    size = one.size
    passes = 0
    node = output
    for step in range(order):
        sparse = size * size > LEAST
        result = jacobian_of(run, node, np.zeros(node.shape), [one], "auto", sparse)
        passes += result.passes
        matrix = result.jacobian[one.label].reshape(size, size)
        beside, rates = _beside(matrix)
        if len(rates):
            where = (int(beside[0][0]), int(beside[1][0]))
            raise not_diagonal(where, float(rates[0]), node.shape, one.shape, WHOLE)
        if step + 1 < order:
            node = _diagonal_node(run, node, one)
    return owned(matrix.diagonal().reshape(output.shape)), passes


def _beside(matrix: Any) -> tuple[tuple[Array, Array], Array]:
    """Places and values of what is not zero beside the diagonal."""
    if isinstance(matrix, np.ndarray):
        rows, columns = np.nonzero(matrix)
        values = matrix[rows, columns]
    else:
        entries = matrix.tocoo()
        rows, columns, values = entries.row, entries.col, entries.data
    chosen = (rows != columns) & (values != 0)
    return (rows[chosen], columns[chosen]), values[chosen]


def _diagonal_node(run: Run, y: Node, one: Wrt) -> Node:
    """The diagonal of the Jacobian as a node, to be differentiated again."""

    def make() -> Node:
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            found = entries(y, one.node)
            if found is not None:
                own = one.columns()[found.rows] == found.columns
                return reshape(found.placed(found.rows, own, y.size), y.shape)
            matrix = reshape(jacobian(y, one.node), (y.size, one.node.size))
            if one.positions is not None:
                matrix = index(matrix, ((0, y.size, 1), Positions(one.columns())))
            return reshape(diagonal(matrix, 0), y.shape)

    node: Node = run.traced.kept(("diagonal", y.serial, one.label), make)
    return node
