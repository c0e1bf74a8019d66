"""Comparisons, logic and `where`. Comparisons give booleans, which carry no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.graph import Node, builder
from gradcli.ops.elementwise import Elementwise
from gradcli.ops.leaves import node_of

Array = np.ndarray[Any, Any]

ANY = (-2.0, 2.0)
_PAIR = ((0.5, 1.0), (1.5, 2.0))


def _comparison(name: str, ufunc: np.ufunc, symbol: str, doc: str, short: str) -> Elementwise:
    return Elementwise(
        name,
        ufunc,
        [None, None],
        doc=doc,
        domain="all real numbers",
        box=_PAIR,
        kinks=(),
        symbol=symbol,
        kind="bool",
        spell=f"np+torch+jnp.{name} torch.{short}" if name != "equal" else "np+jnp.equal torch.eq",
    )


def _connective(name: str, ufunc: np.ufunc, arity: int, symbol: str, doc: str) -> Elementwise:
    return Elementwise(
        name,
        ufunc,
        [None] * arity,
        doc=doc,
        domain="booleans; a number counts as true where it is not 0",
        box=_PAIR[:arity],
        kinks=(),
        symbol=symbol,
        kind="bool",
    )


equal = _comparison("equal", np.equal, "==", "Whether two numbers are equal.", "eq")
not_equal = _comparison("not_equal", np.not_equal, "!=", "Whether two numbers differ.", "ne")
less = _comparison("less", np.less, "<", "Whether x is below y.", "lt")
less_equal = _comparison("less_equal", np.less_equal, "<=", "Whether x is at most y.", "le")
greater = _comparison("greater", np.greater, ">", "Whether x is above y.", "gt")
greater_equal = _comparison(
    "greater_equal", np.greater_equal, ">=", "Whether x is at least y.", "ge"
)

logical_and = _connective("logical_and", np.logical_and, 2, "&", "Whether both hold.")
logical_or = _connective("logical_or", np.logical_or, 2, "|", "Whether at least one holds.")
logical_not = _connective("logical_not", np.logical_not, 1, "~", "Whether it does not hold.")


def _select(c: Array, a: Array, b: Array) -> Array:
    return np.where(c if c.dtype == np.bool_ else c != 0, a, b)


where: Elementwise = Elementwise(
    "where",
    _select,
    [
        None,
        lambda g, y, c, a, b: where(c, g, 0.0),
        lambda g, y, c, a, b: where(c, 0.0, g),
    ],
    doc="x where the condition holds, else y; the branch not taken never reaches a derivative.",
    domain="all real numbers",
    box=("mask", ANY, ANY),
    kinks=(),
    kind="select",
    selects=(None, lambda c, a, b: not_equal(c, 0.0), lambda c, a, b: equal(c, 0.0)),
    args="condition x y",
)


def leaves_out(special: Node) -> bool:
    """Whether a formula is made, which leaves out points of measure zero, and notes them."""
    left_out = builder().left_out
    if left_out is None:
        return False
    left_out.append(special)
    return True


def guarded(special: Node, value: Node | float, otherwise: Node | float) -> Node:
    """`where(special, value, otherwise)` for a convention at points of measure zero.

    A rule that needs one gives it by this, so that formulas can do without.
    """
    return node_of(otherwise) if leaves_out(special) else where(special, value, otherwise)
