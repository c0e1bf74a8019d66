"""Rewrites of derivative nodes as they are built.

Every rewrite here keeps shape, kind and each value (NaN, infinities and the sign of zero included);
that is why they may run always. (`x + 0` is not among them: it turns -0.0 into 0.0.) Keyed by the
op they apply to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.graph import OPS, Node, builder
from gradcli.ops.elementwise import broadcast_shape
from gradcli.ops.leaves import constant, full_, known_number, storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.ops.family import Op

    Inputs = tuple[Node, ...]
    Params = tuple[Any, ...]
    Rewrite = Callable[[Inputs, Params], Node | None]


def rewrite(op: Op, inputs: Inputs, params: Params) -> Node | None:
    """A simpler node for `op` applied to `inputs`, or None where there is none."""
    if op.fuses and inputs[0].op is full_:
        folded = _fold(op, inputs)
        if folded is not None:
            return folded
    rules = REWRITES.get(op.name)
    return None if rules is None else rules(inputs, params)


def _fold(op: Op, inputs: Inputs) -> Node | None:
    """Constants folded: numbers that are the same at every place of their shape."""
    for node in inputs:
        # A named size stays a name in formulas.
        if known_number(node) is None or type(node.params[1]) not in (float, int, bool):
            return None
    shape, kind = op.infer(inputs, ())[0]
    scalars = [constant_node(node) for node in inputs]
    small = Node(op, tuple(scalars), (), (((), kind),))
    held = [np.asarray(node.params[1], storage(node.kind, np.float64)) for node in inputs]
    result = op.run(small, held, None, np.float64).item()
    return constant(result if kind == "bool" else float(result), shape, kind)


def constant_node(node: Node) -> Node:
    """A constant of the same number and kind as a scalar, outside any builder."""
    return Node(node.op, (), ((), *node.params[1:]), (((), node.kind),))


def _is(node: Node, name: str) -> bool:
    """Whether a node is of that op, and may be looked behind."""
    return node.op.name == name and builder().opens(node)


def _as(node: Node, inputs: Inputs) -> Node | None:
    """`node` in the shape that an elementwise op of `inputs` has, if its kind survives."""
    shape = node.shape
    kind = node.kind
    for operand in inputs:
        if operand.kind == "real" and kind != "real":
            return None
        if operand.shape != shape:
            shape = broadcast_shape([item.shape for item in inputs], "")
    return node if shape == node.shape else OPS["broadcast_to"](node, shape)


def _multiply(inputs: Inputs, params: Params) -> Node | None:
    a, b = inputs
    for one, other in ((a, b), (b, a)):
        if one.op is not full_:
            continue
        number = known_number(one)
        if number == 1:
            return _as(other, (other, one)) if other.kind == "real" else None
        if number == -1 and other.kind == "real":
            kept = _as(other, (other, one))
            return None if kept is None else -kept
    if _is(a, "negative"):
        return -(a.inputs[0] * b)
    if _is(b, "negative"):
        return -(a * b.inputs[0])
    return None


def _divide(inputs: Inputs, params: Params) -> Node | None:
    a, b = inputs
    if known_number(b) == 1 and a.kind == "real":
        return _as(a, inputs)
    if _is(a, "negative") and a.kind == "real":
        return -(a.inputs[0] / b)
    return None


def _add(inputs: Inputs, params: Params) -> Node | None:
    a, b = inputs
    if not a.kind == b.kind == "real":
        return None
    if _is(b, "negative"):
        return a - b.inputs[0]
    if _is(a, "negative"):
        return b - a.inputs[0]
    return None


def _subtract(inputs: Inputs, params: Params) -> Node | None:
    a, b = inputs
    real = a.kind == b.kind == "real"
    return a + b.inputs[0] if real and _is(b, "negative") else None


def _negative(inputs: Inputs, params: Params) -> Node | None:
    (x,) = inputs
    return x.inputs[0] if _is(x, "negative") and x.kind == "real" else None


def _power(inputs: Inputs, params: Params) -> Node | None:
    x, p = inputs
    exponent = known_number(p)
    if exponent == 1 and x.kind == "real":
        return _as(x, inputs)
    # NumPy's x**0 is 1 for every x, NaN included.
    return _as(constant(1.0, x.shape), inputs) if exponent == 0 else None


def _where(inputs: Inputs, params: Params) -> Node | None:
    condition, a, b = inputs
    chosen = known_number(condition)
    if chosen is None:
        return None
    taken = a if chosen != 0 else b
    return _as(taken, inputs) if taken.kind == "real" else None


def _logical_and(inputs: Inputs, params: Params) -> Node | None:
    for one, other in (inputs, inputs[::-1]):
        if one.kind == other.kind == "bool" and known_number(one) == 1:
            return _as(other, inputs)
    return inputs[0] if inputs[0] is inputs[1] and inputs[0].kind == "bool" else None


def _logical_or(inputs: Inputs, params: Params) -> Node | None:
    return inputs[0] if inputs[0] is inputs[1] and inputs[0].kind == "bool" else None


def _not_equal(inputs: Inputs, params: Params) -> Node | None:
    """`where(mask, 1, 0) != 0` is the mask."""
    value, zero = inputs
    if known_number(zero) == 0 and zero.shape == () and _is(value, "where"):
        condition, one, nothing = value.inputs
        if known_number(one) == 1 and known_number(nothing) == 0 and condition.kind == "bool":
            return condition if condition.shape == value.shape else None
        return None
    if known_number(zero) == 0 and value.kind == "bool":
        return value
    return None


def _reshape(inputs: Inputs, params: Params) -> Node | None:
    (x,) = inputs
    if x.shape == params[0]:
        return x
    if _is(x, "reshape"):
        return OPS["reshape"](x.inputs[0], params[0])
    return _moved_constant(x, params[0])


def _transpose(inputs: Inputs, params: Params) -> Node | None:
    (x,), (perm,) = inputs, params
    rank = len(perm)
    if perm == tuple(range(-rank, 0)):
        return x
    if _is(x, "transpose"):
        inner = x.params[0]
        return OPS["transpose"](x.inputs[0], tuple([inner[axis] for axis in perm]))
    return _moved_constant(x, tuple([x.shape[axis] for axis in perm]))


def _broadcast_to(inputs: Inputs, params: Params) -> Node | None:
    (x,), (shape,) = inputs, params
    if x.shape == shape:
        return x
    if _is(x, "broadcast_to"):
        return OPS["broadcast_to"](x.inputs[0], shape)
    return _moved_constant(x, shape)


def _moved_constant(x: Node, shape: tuple[int, ...]) -> Node | None:
    if known_number(x) is None:
        return None
    return constant(x.params[1], shape, x.kind)


def _sum(inputs: Inputs, params: Params) -> Node | None:
    (x,), (axes, _) = inputs, params
    return x if not axes and x.kind != "bool" else None


def _flip(inputs: Inputs, params: Params) -> Node | None:
    (x,), (axes,) = inputs, params
    if _is(x, "flip") and x.params == (axes,):
        return x.inputs[0]
    return _moved_constant(x, x.shape)


REWRITES: dict[str, Rewrite] = {
    "add": _add,
    "broadcast_to": _broadcast_to,
    "divide": _divide,
    "flip": _flip,
    "logical_and": _logical_and,
    "logical_or": _logical_or,
    "multiply": _multiply,
    "negative": _negative,
    "not_equal": _not_equal,
    "power": _power,
    "reshape": _reshape,
    "subtract": _subtract,
    "sum": _sum,
    "transpose": _transpose,
    "where": _where,
}
