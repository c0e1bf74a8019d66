"""Rewrites for printing: each row on its examples, alone and with all others."""

import formulacheck
import pytest
from formulacheck import Source, close, text_of

from gradcli.algebra import ROWS, Simplifier
from gradcli.algebra.engine import rewrite
from gradcli.graph import OPS, ancestors

EXAMPLES = [
    pytest.param(row, source, expected, id=f"{row.name}: {source}")
    for row in ROWS
    for source, expected in row.examples.items()
]


@pytest.mark.parametrize(("row", "source", "expected"), EXAMPLES)
def test_example(row, source, expected):
    """Alone the row keeps shape and values; with all rows the result is the one it names."""
    given = Source(source)
    rows = [other for other in ROWS if other is row or other.name == row.after]
    (alone,) = simplified(rows, given.node)
    simplifier = Simplifier(left_out=[])
    simplifier.note_sums([given.node])
    (full,) = simplifier.simplify([given.node])
    value, by_row, by_all = given.run(given.node, alone, full)
    close(by_row, value)
    close(by_all, value)
    assert text_of(full) == expected
    assert simplifier.settled, "no fixed point within the bounds"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_applies_to_one_of_its_examples(row):
    """Somewhere in the examples the row, and not another, changes something."""
    changed = []
    for source in row.examples:
        node = Source(source).node
        before = [other for other in ROWS if other.name == row.after]
        (without,) = simplified(before, node)
        (by_row,) = simplified([*before, row], node)
        changed.append(_outline(by_row) != _outline(without))
    assert any(changed)


def simplified(rows, node):
    """The node after some rows, those sums being as a person wrote them that it has."""
    simplifier = Simplifier(rows=rows, left_out=[])
    simplifier.note_sums([node])
    return simplifier.simplify([node])


def _outline(node):
    return [(part.op.name, str(part.params), len(part.inputs)) for part in ancestors([node])]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_wrong_value_is_caught(row, monkeypatch):
    """A factor planted in a row shows in the numbers of its examples."""
    right = row.rule

    def wrong(node, terms):
        found = right(node, terms)
        return None if found is None or found is node else found * 1.001

    monkeypatch.setattr(row, "rule", wrong)
    rows = [other for other in ROWS if other is row or other.name == row.after]
    caught = 0
    for source in row.examples:
        given = Source(source)
        (alone,) = simplified(rows, given.node)
        value, by_row = given.run(given.node, alone)
        try:
            close(by_row, value)
        except AssertionError:
            caught += 1
            break
    assert caught or row.ops == ("logical_not", "equal") or _conditions_only(row)


def _conditions_only(row):
    """Rows on conditions, which are neither true nor false times 1.001, or on zeros."""
    from gradcli.graph import OPS

    booleans = all(
        getattr(OPS.get(name), "output_kind", "") == "bool" for name in row.ops if name in OPS
    )
    return booleans or row.name == "zeros"


def test_rewriting_ends_where_rows_go_round_in_circles(monkeypatch):
    from gradcli.algebra import engine

    monkeypatch.setattr(engine, "ROWS", [])

    @rewrite("round", "sin cos", {"sin(x)": "cos(x)"})
    def turned(node, terms):
        return OPS["sin" if node.op.name == "cos" else "cos"](node.inputs[0])

    @rewrite("on and on", "exp", {"exp(x)": "exp(x + 1)"})
    def longer(node, terms):
        return OPS["exp"](node.inputs[0] + 1.0)

    simplifier = Simplifier(rows=engine.ROWS)
    simplifier.simplify([Source("sin(x)").node, Source("exp(y)").node])
    assert not simplifier.settled
    assert len(simplifier.arena._interned) < 3 * engine.PASSES * engine.STEPS


def test_rows_without_examples_do_not_construct():
    with pytest.raises(ValueError, match="examples"):
        rewrite("bare", "multiply", {})(lambda node, terms: None)
    assert "bare" not in {row.name for row in ROWS}


def test_sums_of_any_length_are_simplified():
    """Views are bounded: a sum of thousands of terms takes time in proportion, and no recursion."""
    source = " + ".join(["x*x"] * 3000)
    given = Source(source)
    (found,) = Simplifier().simplify([given.node])
    value, simple = given.run(given.node, found)
    close(simple, value)


def test_deep_graphs_do_not_recurse():
    from gradcli.graph import Trace, building
    from gradcli.ops.rows.trigonometric import sin

    x = formulacheck.leaf("x", ())
    with building(Trace()):
        node = x
        for _ in range(20_000):
            node = sin(node)
    (found,) = Simplifier().simplify([node])
    assert text_of(found).count("sin") == 20_000


def test_number_of_examples():
    assert len(ROWS) > 50
    assert len(EXAMPLES) > 180
