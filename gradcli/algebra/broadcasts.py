"""Repetition and layout: repetition moved outward, scalars out of linear maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import filled, is_one, is_scalar
from gradcli.algebra.terms import ONE, Product
from gradcli.graph import OPS, Dim, Node, size_of
from gradcli.ops.family import build
from gradcli.ops.leaves import constant, full_

if TYPE_CHECKING:
    from gradcli.algebra.terms import Terms

    Axes = tuple[int, ...]
    Labels = tuple[int, ...]


@rewrite(
    "repeated operand",
    "*elementwise",
    {
        "exp(broadcast_to(x, (3, 3)))": "outer(ones(3), exp(x))",
        "A + broadcast_to(x, (3, 3))": "A + x",
        "where(x > 0, y, zeros(3))": "where(x > 0, y, 0)",
        "x**(2*ones(3))": "x**2",
        "exp(x)[None, :]*A": "A*exp(x)",
    },
)
def repeated_operand(node: Node, terms: Terms) -> Node | None:
    """Operands as they were before they were repeated; the result is repeated if need be."""
    sources = [_source(x) for x in node.inputs]
    if all(a is b for a, b in zip(sources, node.inputs, strict=True)):
        return None
    return filled(build(node.op, tuple(sources)), node.shape)


def _source(x: Node) -> Node:
    """What was repeated along leading axes, or axes of size 1, to give x."""
    if x.op is full_ and x.shape:
        return constant(x.params[1], (), x.kind)
    if x.op.name == "broadcast_to":
        return x.inputs[0]
    if x.op.name == "reshape":
        (inner,) = x.inputs
        lead = x.ndim - inner.ndim
        if lead > 0 and x.shape[lead:] == inner.shape and set(x.shape[:lead]) == {1}:
            return inner
    return x


@rewrite(
    "scalar out of a linear map",
    "*linear",
    {
        "(2*A).T": "2*A.T",
        "(s*A).T": "s*A.T",
        "(-x)[:, None]": "-x[:, None]",
        "diag(3*x)": "3*diag(x)",
        "cumsum(x*s/2)": "0.5*s*cumsum(x)",
        "(x/s)[1]": "x[1]/s",
    },
)
def scalar_out(node: Node, terms: Terms) -> Node | None:
    """Numbers and scalars that multiply the operand multiply the result instead."""
    if len(node.inputs) != 1 or node.kind != "real":
        return None
    if node.op.name == "broadcast_to" and node.inputs[0].ndim == 0:
        return None
    whole = terms.product(node.inputs[0])
    outer = {key: factor for key, factor in whole.factors.items() if is_scalar(*factor)}
    rest = {key: factor for key, factor in whole.factors.items() if key not in outer}
    if not rest or (not outer and whole.coef == 1) or whole.coef == 0:
        return None
    inner = terms.build(Product(ONE, rest, whole.shape))
    found = build(node.op, (inner,), node.params)
    # The view of what is repeated is that of what it repeats.
    moved = terms.atom(found) if found.op.name == "broadcast_to" else terms.product(found)
    return terms.build(terms.times(Product(whole.coef, outer, ()), moved, node.shape))


@rewrite(
    "repetition that adds no elements",
    "broadcast_to",
    {
        "broadcast_to(x, (1, 3))": "x[None]",
        "broadcast_to(x[None, :], (3, 3))": "outer(ones(3), x)",
        "broadcast_to(s[None], (3,))": "s*ones(3)",
    },
)
def bare_repetition(node: Node, terms: Terms) -> Node | None:
    """Axes of size 1 are put in by a reshape; those in front are none."""
    (x,) = node.inputs
    source = _source(x)
    if source is not x:
        return filled(source, node.shape)
    if not any(isinstance(n, Dim) for n in node.shape) and size_of(node.shape) == size_of(x.shape):
        return OPS["reshape"](x, node.shape)
    if tuple([n for n in node.shape if not is_one(n)]) == x.shape and node.ndim > x.ndim:
        return OPS["reshape"](x, node.shape)
    return None


@rewrite(
    "layout of one number",
    "reshape transpose flip index",
    {
        "broadcast_to(s, (3, 2)).T": "s*ones((2, 3))",
        "reshape(broadcast_to(s, (3, 2)), (6,))": "s*ones(6)",
        "broadcast_to(s, (3, 2))[0]": "s*ones(2)",
    },
)
def constant_layout(node: Node, terms: Terms) -> Node | None:
    """However a repeated scalar is laid out, it is the scalar repeated."""
    (x,) = node.inputs
    if x.op.name == "broadcast_to" and x.inputs[0].ndim == 0:
        return filled(x.inputs[0], node.shape)
    return None
