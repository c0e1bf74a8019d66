"""What holds for finite numbers, and beside single points: conditions that rules bring along.

Conditions that the program itself asks stay as they are: they are its meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import filled
from gradcli.algebra.select import opposite
from gradcli.graph import OPS, Node, ancestors
from gradcli.ops.leaves import constant, known_number
from gradcli.ops.rows.logic import leaves_out

if TYPE_CHECKING:
    from gradcli.algebra.terms import Terms


@rewrite(
    "finite numbers",
    "equal not_equal isnan isinf isfinite",
    {
        "where(x == inf, s, x)": "x",
        "where(x != -inf, x, s)": "x",
        "where(x != x, s, x)": "x",
        "where(isnan(x), s, x)": "x",
        "where(isfinite(x), x, s)": "x",
    },
    formulas_only=True,
)
def finite(node: Node, terms: Terms) -> Node | None:
    """No number is infinite or NaN, where the program does not ask."""
    name, x = node.op.name, node.inputs[0]
    if terms.key(node) in terms.asked or known_number(x) is not None:
        return None
    if name in ("isnan", "isinf", "isfinite"):
        return constant(name == "isfinite", node.shape, "bool")
    limit = known_number(node.inputs[1])
    if limit is not None and np.isinf(limit):
        return constant(name == "not_equal", node.shape, "bool")
    if terms.key(x) == terms.key(node.inputs[1]):
        return constant(name == "equal", node.shape, "bool")
    return None


@rewrite(
    "known conditions",
    "logical_and logical_or logical_not",
    {
        "where((x > y) & (x == inf), s, x)": "x",
        "where((x > y) | (x == inf), y, x)": "where(x > y, y, x)",
        "where(~(x == inf), y, x)": "y",
        "where((x > y) | (x <= y), y, x)": "y",
    },
    after="finite numbers",
)
def known_conditions(node: Node, terms: Terms) -> Node | None:
    """`and`, `or` and `not` of what always holds or never does; a condition and its opposite."""
    known = [known_number(x) for x in node.inputs]
    if node.op.name == "logical_not":
        return None if known[0] is None else constant(known[0] == 0, node.shape, "bool")
    absorbing = node.op.name == "logical_or"
    first, second = node.inputs
    if first.kind == "bool" and terms.key(opposite(first)) == terms.key(second):
        return constant(absorbing, node.shape, "bool")
    for value, other in ((known[0], node.inputs[1]), (known[1], node.inputs[0])):
        if value is None:
            continue
        if bool(value) == absorbing:
            return constant(absorbing, node.shape, "bool")
        return filled(other, node.shape) if other.kind == "bool" else None
    return None


@rewrite(
    "case of a single point",
    "where",
    {
        "grad(hypot(s, t), s)": "s/hypot(s, t)",
        "grad(sum(copysign(x, y)), x)": "copysign(x, y)/x",
        "grad(sum(fmax(x, y)), x)": "where(y <= x, 1, 0)",
    },
    formulas_only=True,
)
def single_point(node: Node, terms: Terms) -> Node | None:
    """A case that a rule makes where an expression has one value: left out, and noted."""
    condition, a, b = node.inputs
    if terms.traced & {terms.key(condition), terms.key(opposite(condition))}:
        return None
    negative = condition.op.name in ("not_equal", "logical_not")
    special = condition
    if condition.op.name == "not_equal":
        special = OPS["equal"](*condition.inputs)
    elif negative:
        (special,) = condition.inputs
    if not _is_point(special) or not leaves_out(special):
        return None
    return filled(a if negative else b, node.shape)


def _is_point(condition: Node) -> bool:
    """Whether a condition holds where an expression has one value alone."""
    if condition.op.name == "logical_and":
        return any(_is_point(x) for x in condition.inputs if x.kind == "bool")
    if condition.op.name != "equal":
        return False
    x, value = condition.inputs
    varies = x.kind == "real" and (bool(x.inputs) or x.op.name == "input")
    if not varies or known_number(value) is not None:
        return varies
    # Equal by chance alone, where one says nothing of the other.
    return value.kind == "real" and not _read(x) & _read(value) and bool(_read(value))


def _read(x: Node) -> set[int]:
    """The inputs that an expression depends on."""
    return {node.serial for node in ancestors([x]) if node.op.name == "input"}
