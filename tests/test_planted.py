"""Wrong rules, planted on purpose, must not survive the checks of tests/rowcheck.py."""

import pytest
import rowcheck

from gradcli.graph import Trace, building
from gradcli.ops import contraction
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.custom import Custom
from gradcli.ops.elementwise import Elementwise
from gradcli.ops.linear import Index, Linear
from gradcli.ops.rows.arithmetic import detach

with building(Trace()):
    ELEMENTWISE = [
        (op, place)
        for op in rowcheck.rows()
        if isinstance(op, Elementwise)
        for place, rule in enumerate(op.rules)
        if rule is not None and rule(rowcheck.leaf(()), *[rowcheck.leaf(())] * (op.arity + 1))
    ]
# Where the rule is zero all over the box there is nothing for a factor to show.
FLAT = {("heaviside", 1)}


@pytest.mark.parametrize(
    ("op", "place"),
    [pytest.param(op, k, id=f"{op.name}-{k}") for op, k in ELEMENTWISE if (op.name, k) not in FLAT],
)
def test_a_wrong_factor_is_caught(op, place, monkeypatch):
    right = op.rules[place]
    wrong = [*op.rules]
    wrong[place] = lambda g, y, *x: right(g, y, *x) * 1.0001
    monkeypatch.setattr(op, "rules", wrong)
    with pytest.raises(AssertionError):
        rowcheck.check_row(op)


CURVED = [
    (op, place)
    for op, place in ELEMENTWISE
    if op.name in {"exp", "log", "sin", "cos", "tanh", "sqrt", "sigmoid", "square", "power"}
]


@pytest.mark.parametrize(
    ("op", "place"), [pytest.param(op, k, id=f"{op.name}-{k}") for op, k in CURVED]
)
def test_a_wrong_second_order_is_caught(op, place, monkeypatch):
    """Right to first order: only the second derivative is lost."""
    right = op.rules[place]
    wrong = [*op.rules]
    wrong[place] = lambda g, y, *x: g * detach(right(1.0 + 0.0 * g, y, *x))
    monkeypatch.setattr(op, "rules", wrong)
    with pytest.raises(AssertionError, match="second order"):
        rowcheck.check_row(op)


LINEAR = [op for op in rowcheck.rows() if isinstance(op, Linear) and not isinstance(op, Index)]


@pytest.mark.parametrize("op", LINEAR, ids=lambda op: op.name)
def test_a_wrong_adjoint_is_caught(op, monkeypatch):
    right = op.adjoint
    monkeypatch.setattr(op, "adjoint", lambda *args: right(*args) * 1.0001)
    with pytest.raises(AssertionError):
        rowcheck.check_row(op)


def test_a_wrong_scatter_of_index_is_caught(monkeypatch):
    right = Cotangent.scattered.__func__
    monkeypatch.setattr(
        Cotangent,
        "scattered",
        classmethod(lambda cls, shape, items, g, m: right(cls, shape, items, g * 1.0001, m)),
    )
    from gradcli.graph import OPS

    with pytest.raises(AssertionError):
        rowcheck.check_row(OPS["index"])


CUSTOM = [op for op in rowcheck.rows() if isinstance(op, Custom) and op.rule is not None]


@pytest.mark.parametrize("op", CUSTOM, ids=lambda op: op.name)
def test_a_wrong_custom_rule_is_caught(op, monkeypatch):
    right = op.rule

    def wrong(node, *cotangents):
        first, *rest = right(node, *cotangents)
        value, mask = first.settle() if isinstance(first, Cotangent) else (first, None)
        return [Cotangent(value * 1.0001, mask), *rest]

    monkeypatch.setattr(op, "rule", wrong)
    with pytest.raises(AssertionError):
        rowcheck.check_row(op)


@pytest.mark.parametrize("op", [contraction.contract, contraction.masked_contract], ids=str)
def test_a_wrong_contraction_is_caught(op, monkeypatch):
    right = type(op).vjp

    def wrong(self, node, cotangents, wanted, strict):
        parts = right(self, node, cotangents, wanted, strict)
        return [p and Cotangent(p.settle()[0] * 1.0001, p.settle()[1]) for p in parts]

    monkeypatch.setattr(type(op), "vjp", wrong)
    with pytest.raises(AssertionError):
        rowcheck.check_row(op)


def test_a_wrong_batch_is_caught(monkeypatch):
    from gradcli.ops import elementwise

    monkeypatch.setattr(elementwise, "align", lambda node, arrays, lead: arrays)
    from gradcli.graph import OPS

    with pytest.raises((AssertionError, ValueError)):
        rowcheck.check_row(OPS["add"])
