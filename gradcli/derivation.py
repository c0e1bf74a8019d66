"""Derivatives as formulas: the graph of a derivative, simplified, for text, LaTeX and code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradcli.algebra import Simplifier
from gradcli.algebra.match import filled
from gradcli.autodiff import jvp, vjp
from gradcli.errors import ArgumentError
from gradcli.graph import OPS, Dim, Node, Shape, ancestors, building
from gradcli.language.interpret import Interpreter
from gradcli.language.parser import parse
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.batching import batched as wrapped
from gradcli.ops.batching import placeholder, unwrapped
from gradcli.ops.contraction import contract
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import constant, input_, known_number
from gradcli.ops.linear import concatenate, transpose
from gradcli.ops.rows.linalg import identity

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from gradcli.graph import Trace
    from gradcli.traced import Traced
    from gradcli.wrt import Wrt

LISTED = 16
"""Elements of a Jacobian that a formula may list one by one."""


class Derivation:
    """Builds derivatives of a traced program, and simplifies them.

    code: the results are to compute with, not to read: cases at single points stay, and nothing
    trades digits for brevity. outputs: to be differentiated; values: the same, to be printed.
    left_out: conditions of the cases that formulas do without.
    """

    def __init__(self, traced: Traced, *, code: bool) -> None:
        nodes = traced.settings.max_nodes
        self.left_out: list[Node] | None = None if code else []
        left_out = self.left_out
        # What is differentiated again keeps its derivative; what is printed, only its value.
        self.first = Simplifier(code=code, final=False, left_out=left_out, max_nodes=nodes)
        self.final = Simplifier(code=code, left_out=left_out, max_nodes=nodes)
        self.outputs = self.first.written(traced.outputs, traced.sites)
        self.values = self.final.written(traced.outputs, traced.sites)
        self._tangents: dict[Shape, Node] = {}

    def _building(self) -> AbstractContextManager[Trace]:
        return building(self.first.arena)

    def simple(self, node: Node) -> Node:
        """A derivative as it is printed."""
        return self.final.simplify([node])[0]

    def derivative(self, output: Node, by: list[Wrt]) -> Node:
        """The derivative of an output by each of `by` in turn, a tensor of shape output + parts."""
        node = output
        for place, one in enumerate(by):
            if place:
                (node,) = self.first.simplify([node])
            node = self.jacobian(node, one)
        return node

    def gradient(self, output: Node, one: Wrt, seed: Node | None = None) -> Node:
        """The gradient of a scalar; with a seed of the output's shape, the product v^T J."""
        with self._building(), np.errstate(all="ignore"):
            start = Cotangent(constant(1.0, output.shape) if seed is None else seed)
            (found,) = vjp([output], [start], [one.node])
            whole = constant(0.0, one.node.shape) if found is None else found
            return _part(whole, one)

    def weighted(self, output: Node, seed: Node) -> Node:
        """The single number sum(seed*output)."""
        with self._building():
            total = OPS["sum"](seed * output, tuple(range(-output.ndim, 0)), False)
        return self.first.simplify([total])[0]

    def jacobian(self, output: Node, one: Wrt) -> Node:
        """The Jacobian, of shape output.shape + part.shape.

        Raises ArgumentError where there is no formula for it.
        """
        if not output.ndim:
            return self.gradient(output, one)
        named = any(isinstance(n, Dim) for n in (*output.shape, *one.node.shape))
        if output.ndim == 1 and not named and 0 < output.size * one.node.size <= LISTED:
            return self._shorter(self._by_rows(output, one), self._by_columns(output, one))
        return self._by_columns(output, one)

    def _shorter(self, *nodes: Node) -> Node:
        """Of equal nodes the one that is shortest when it is simplified."""
        return min(nodes, key=lambda node: self.final.terms.cost(self.simple(node)))

    def _by_rows(self, output: Node, one: Wrt) -> Node:
        """The gradients of the elements of a short vector, one above the other."""
        rows: list[Node] = []
        for place in range(output.size):
            with self._building():
                element = OPS["index"](output, (place,))
            (element,) = self.first.simplify([element])
            row = self.gradient(element, one)
            with self._building():
                rows.append(OPS["reshape"](row, (1, *row.shape)))
        with self._building():
            return concatenate(rows, -rows[0].ndim)

    def _by_columns(self, output: Node, one: Wrt) -> Node:
        """The tangents that all unit tangents of the input give."""
        node = one.node
        with self._building(), np.errstate(all="ignore"):
            tangent = self._tangent(node.shape) if node.ndim else constant(1.0)
            (moved,) = jvp([output], [node], [tangent])
            if moved is None:
                return constant(0.0, output.shape + one.shape)
        if not node.ndim:
            return moved
        (moved,) = self.first.simplify([moved])
        with self._building():
            found = _part(_lifted(moved, tangent), one)
            lead = found.ndim - output.ndim
            order = (*range(lead - found.ndim, 0), *range(-found.ndim, lead - found.ndim))
            return transpose(found, order)

    def _tangent(self, shape: Shape) -> Node:
        """A leaf of that shape; the same one each time, as inputs of one name are one."""
        if shape not in self._tangents:
            params = (shape, " tangent", "real")
            self._tangents[shape] = Node(input_, (), params, ((shape, "real"),))
        return self._tangents[shape]

    # --- what formulas leave out ------------------------------------------------------------------

    def conditions(self, formulas: list[Node]) -> list[Node]:
        """Conditions that the formulas need: of the cases left out, those that still matter."""
        if not self.left_out:
            return []
        needed: dict[int, Node] = {}
        terms = self.final.terms
        risky, compared = self._risks(formulas)
        for case in list(self.left_out):
            (case,) = self.final.simplify([case])
            case = _equality(case)
            a, b = case.inputs if len(case.inputs) == 2 else (case, case)
            keys = {terms.key(a), terms.key(b)}
            zero = b.op.name == "full" and b.params[1] == 0
            if case.op.name != "equal" or keys in compared or (zero and terms.key(a) in risky):
                with building(self.final.arena):
                    negated = OPS["logical_not"](case)
                (negated,) = self.final.simplify([negated])
                if known_number(negated) is not None:
                    continue
                needed.setdefault(terms.key(negated), negated)
        return list(needed.values())

    def _risks(self, formulas: list[Node]) -> tuple[set[int], list[set[int]]]:
        """Keys of what is divided by or taken the logarithm of, and of what is compared."""
        terms = self.final.terms
        risky: set[int] = set()
        compared: list[set[int]] = []
        for node in ancestors(formulas):
            if node.kind == "bool" and len(node.inputs) == 2:
                compared.append({terms.key(x) for x in node.inputs})
            elif node.op.name == "log":
                risky.add(terms.key(node.inputs[0]))
            elif node.op.name in ("divide", "power"):
                powers = terms.product(node).factors.items()
                risky |= {key for key, (_, e) in powers if isinstance(e, Node) or e < 0}
        return risky, compared


def _equality(case: Node) -> Node:
    """The equality that a case is about, without layout and further conditions."""
    while case.op.name in ("reshape", "broadcast_to", "logical_and"):
        case = case.inputs[0]
    return case


def _part(found: Node, one: Wrt) -> Node:
    """The elements of a derivative that were asked for, its first axes being the input's."""
    if one.positions is None:
        return found
    part = bare(Interpreter({one.node.params[1]: Tensor(found)}).run(parse(one.label)))
    assert isinstance(part, Node)
    return part


def _lifted(moved: Node, tangent: Node) -> Node:
    """A node that is linear in a tangent, for all unit tangents at once: their axes in front."""
    leaf = tangent
    for axis in reversed(range(tangent.ndim)):
        extent = tangent.shape[axis]
        new = placeholder((extent, *leaf.shape)) if axis else _unit_tangents(tangent.shape)
        moved = _with_axis(moved, leaf, new, extent)
        leaf = new
    return moved


def _with_axis(moved: Node, leaf: Node, new: Node, extent: int) -> Node:
    """The node with a leaf replaced by one that has a leading axis more.

    Raises ArgumentError where no graph of named operations does that.
    """
    made: dict[int, Node] = {leaf.serial: new}
    for node in ancestors([moved]):
        if node.serial in made or not any(x.serial in made for x in node.inputs):
            continue
        operands = tuple([made.get(x.serial, x) for x in node.inputs])
        lead = tuple([x.serial in made for x in node.inputs])
        found: Node | None = node.op.batched(node, operands, lead, extent)
        if found is not None and found.op is wrapped:
            found = unwrapped(found)
        if found is None:
            raise ArgumentError(
                "there is no formula for this Jacobian",
                hint="`gradcli jacobian` gives its numbers; without --jacobian the formula is "
                "that of v^T J, the product with a seed",
            )
        made[node.serial] = found
    return made[moved.serial] if moved.serial in made else filled(moved, (extent, *moved.shape))


def _unit_tangents(shape: Shape) -> Node:
    """The unit tensor of shape + shape: every unit tangent, one for each element."""
    result = identity((shape[0], shape[0]))
    for place, size in enumerate(shape[1:], 1):
        first = tuple(range(2 * place))
        pair = (2 * place, 2 * place + 1)
        order = (*first[:place], pair[0], *first[place:], pair[1])
        result = contract(result, identity((size, size)), first, pair, order)
    return result
