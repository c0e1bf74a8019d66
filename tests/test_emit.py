"""Every row of the op table is printed, and what is printed is read back to the same value."""

import numpy as np
import pytest
import rowcheck
from formulacheck import Source, close, text_of

import gradcli
from gradcli.emit.sheet import BREADTH, DEPTH, written
from gradcli.emit.text import Text
from gradcli.graph import Dim, Trace, building
from gradcli.ops.family import build

CASES = [
    pytest.param(op, sample, id=f"{op.name}-{place}")
    for op in rowcheck.rows()
    for place, sample in enumerate(rowcheck.samples(op))
]


def named_case(op, sample):
    """A case of the row check whose leaves have names of their own."""
    case = rowcheck.Case(op, sample)
    for place, node in enumerate(case.leaves):
        node.params = (node.shape, f"x{place}", node.kind)
    return case, {f"x{place}": array for place, array in enumerate(case.arrays)}


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_every_row_reads_back(op, sample):
    case, inputs = named_case(op, sample)
    values = case.run(case.outputs)[0]
    for node, value in zip(case.outputs, values, strict=True):
        found = gradcli.evaluate(text_of(node), inputs, grad=False).value
        close(found, value, 1e-12)


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_every_row_reads_back_among_others(op, sample):
    """As an operand: brackets stand where they must."""
    case, inputs = named_case(op, sample)
    node = case.outputs[0]
    if node.kind == "bool":
        return
    with building(Trace()):
        node = -node * 2.0 - node / (node**2.0 + 0.1) + 1.0
        node = build(gradcli.graph.OPS["transpose"], (node,), (tuple(range(-node.ndim, 0))[::-1],))
    (value,) = case.run([node])[0]
    with np.errstate(all="ignore"):
        found = gradcli.evaluate(text_of(node), inputs, grad=False).value
    np.testing.assert_allclose(found, value, rtol=1e-11, atol=1e-11)


BRACKETS = {
    "x - (y - z)": "x - (y - z)",
    "x + (y - z)": "x + y - z",
    "x*(y*z)": "x*y*z",
    "x/(y*z)": "x/(y*z)",
    "x/(y/z)": "x/(y/z)",
    "(x/y)/z": "x/y/z",
    "-(x*y)": "-x*y",
    "-(x + y)": "-(x + y)",
    "(-x)**2": "(-x)**2",
    "-x**2": "-x**2",
    "x**-y": "x**-y",
    "(x**y)**z": "(x**y)**z",
    "x**(y**z)": "x**y**z",
    "2*(A @ x)": "2*A @ x",
    "(2*A) @ x": "2*A @ x",
    "x*(A @ y)": "x*(A @ y)",
    "(A @ x)*y": "(A @ x)*y",
    "A @ (B @ x)": "A @ B @ x",
    "(A @ B) @ x": "A @ B @ x",
    "A @ (x @ B)": "A @ B.T @ x",
    "s*(x @ y)": "s*(x @ y)",
    "x @ (A @ y)": "x @ A @ y",
    "(A @ x)/s": "A @ x/s",
    "A @ (x/s)": "A @ (x/s)",
    "(A + B).T @ x": "(A + B).T @ x",
    "(x + y)[0]": "(x + y)[0]",
    "where((x > 0) & (y < 1), x, y)": "where((x > 0) & (y < 1), x, y)",
    "where(~(x > 0), x, y)": "where(~(x > 0), x, y)",
    "(x > y) == (y > z)": "(x > y) == (y > z)",
    "x[:, None]*y": "x[:, None]*y",
    "A[1:, 0]": "A[1:, 0]",
    "A[0]": "A[0]",
    "x[::-1]": "x[::-1]",
    "x[::2]": "x[::2]",
    "stack([s, t])": "[s, t]",
    "2*stack([s, t])": "2*array([s, t])",
    "x*inf - nan": "x*inf - nan",
    "exp(-1e-30*x)": "exp(-1e-30*x)",
    "einsum('ijk,k->ij', A[:, None]*x, x)": "(A[:, None]*x) @ x",
}


@pytest.mark.parametrize(("source", "expected"), BRACKETS.items(), ids=BRACKETS)
def test_brackets(source, expected):
    given = Source(source)
    text = text_of(given.node)
    again = Source(text)
    (a,), (b,) = given.run(given.node), again.run(again.node)
    np.testing.assert_allclose(a, b, rtol=1e-12, equal_nan=True)
    assert text == expected


def test_names_that_functions_have():
    """An input called `exp` or `sum` hides the function: its full name is printed."""
    given = Source("exp(x)*sum(y)*inf")
    text = text_of(given.node, taken={"exp", "sum", "inf"})
    assert text == "np.exp(x)*np.sum(y)*np.inf"


def test_shared_parts_get_names():
    source = "a = exp(x*y + sin(z)); b = a*a + a; c = b*b + b; d = c*c + c; d*d + d"
    given = Source(source)
    text = text_of(given.node)
    assert text.startswith("t1 = exp(x*y + sin(z))\nt2 = ")
    (a,) = given.run(given.node)
    close(gradcli.evaluate(text, given.arrays, grad=False).value, a)
    taken = text_of(given.node, taken={"t1", "t3"})
    assert taken.startswith("t2 = ")


def test_deep_parts_get_names():
    given = Source("x")
    with building(Trace()):
        node = given.node
        for _ in range(1000):
            node = gradcli.graph.OPS["sin"](node) * 1.5
    sheet = written([node], ())
    assert all(formula.depth <= DEPTH + 1 for formula in sheet.formulas)
    (a,) = given.run(node)
    close(gradcli.evaluate(text_of(node), given.arrays, grad=False).value, a)


def test_short_formulas_have_no_names():
    sheet = written([Source("exp(x)*exp(x)").node], ())
    assert sheet.lines == []
    assert BREADTH > 20


def test_sizes_print_their_names():
    n, m = Dim(13, "n"), Dim(17, "m")
    from gradcli.ops.leaves import constant

    with building(Trace()):
        ones = constant(1.0, (n, m))
        mean = constant(n * m) * 2.0
        short = constant(0.0, (n - 1,))
    assert text_of(ones) == "ones((n, m))"
    assert text_of(mean) == "n*m*2"
    assert text_of(short) == "zeros(n-1)"
    assert Text(sizes={12: "n - 1"}).size(12) == "n - 1"
