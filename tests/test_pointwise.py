"""Elementwise derivatives, and the structure that says where they exist."""

import time

import numpy as np
import pytest
import rowcheck
from rowcheck import value_of

import gradcli
from gradcli.autodiff import operators, pointwise
from gradcli.autodiff.structure import NONE, SEVERAL, sources
from gradcli.engine import Plan
from gradcli.errors import ArgumentError
from gradcli.graph import Arena, Trace, ancestors, building
from gradcli.simplify import rewrite

X3 = np.array([0.5, -1.25, 2.0])
RANDOM = np.random.default_rng(11)
A3 = RANDOM.normal(size=(3, 3))


def value(expr, **inputs):
    return gradcli.evaluate(expr, inputs, grad=False).value


def inputs_of(expr, **more):
    return {n: v for n, v in {"A": A3, **more}.items() if n != "A" or "A" in expr}


def close(found, expected, tolerance=1e-12):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("how", ["program", "run"])
def test_sine_to_the_fourth_derivative(how):
    x = np.linspace(-10, 10, 1001)

    def nth(order):
        if how == "run":
            return gradcli.derivative("sin(x)", {"x": x}, order=order).derivative["x"]
        return value(f"derivative(sin(x), x, {order})", x=x)

    assert np.array_equal(nth(1), np.cos(x))
    assert np.array_equal(nth(2), -np.sin(x))
    for order, expected in ((3, -np.cos(x)), (4, np.sin(x))):
        assert np.all(np.abs(nth(order) - expected) <= np.spacing(np.abs(expected)))


def test_elementwise_derivatives_take_linear_time():
    def seconds(count):
        x = np.linspace(-3, 3, count)
        start = time.perf_counter()
        gradcli.derivative("exp(sin(x))*x", {"x": x}, order=4)
        return time.perf_counter() - start

    small = min(seconds(50_000) for _ in range(3))
    large = min(seconds(500_000) for _ in range(3))
    # Quadratic time would take 100 times as long, or not fit into memory at all.
    assert large < 50 * max(small, 0.005)


@pytest.mark.parametrize(
    "expr", ["exp(sin(x))", "tanh(x)", "1/(1 + x**2)", "sin(x)*exp(-x**2)", "log(1 + exp(x))"]
)
def test_nodes_of_nth_derivatives_grow_slowly(expr):
    node = rowcheck.leaf(())
    with building(Trace()):
        y = value_of({"x": node}, expr)
    counts = []
    with building(Arena(rewrite)):
        for _ in range(16):
            y = pointwise.derivative(y, node)
            counts.append(len(ancestors([y])))
    # A polynomial of degree 4 in the order, at most; doubling would be 256.
    assert counts[15] < 16 * counts[7], counts


# --- elementwise or not ------------------------------------------------------------------------


def test_elementwise_by_values():
    diagonal = np.diag([1.0, 2.0, 3.0])
    assert value("derivative(A @ x, x)", A=diagonal, x=X3).tolist() == [1, 2, 3]
    found = gradcli.derivative("A @ x", {"A": diagonal, "x": X3}, wrt="x")
    assert found.derivative["x"].tolist() == [1, 2, 3]
    close(value("derivative((A @ x)**3, x, 2)", A=diagonal, x=X3), 6 * np.diag(diagonal) ** 3 * X3)
    close(
        gradcli.derivative("(A @ x)**3", {"A": diagonal, "x": X3}, wrt="x", order=2).derivative[
            "x"
        ],
        6 * np.diag(diagonal) ** 3 * X3,
    )
    program = gradcli.compile("derivative(A @ x, x)")
    program.evaluate({"A": diagonal, "x": X3}, grad=False)
    with pytest.raises(ArgumentError, match="not elementwise"):
        program.evaluate({"A": diagonal + 1e-9, "x": X3}, grad=False)


LAYOUTS = [
    "(x.T.reshape(6)**2).reshape(3, 2).T",
    "flip(flip(x, 1)**2, 1)",
    "sum(x[None]**2, 0)",
    "concatenate([x[:1]**2, x[1:]**2])",
    "einsum('ij,ij->ij', x, x)",
    "stack([x, x**2])[1]",
]


@pytest.mark.parametrize("expr", LAYOUTS)
def test_elementwise_through_layout(expr):
    x = RANDOM.normal(size=(2, 3))
    close(value(f"derivative({expr}, x)", x=x), 2 * x)


@pytest.mark.parametrize(
    "expr",
    ["x*sum(x)", "cumsum(x)", "x[::-1]", "softmax(x)", "x + mean(x)", "A @ x", "max(x) + 0*x"],
)
def test_what_is_not_elementwise_is_an_error(expr):
    inputs = inputs_of(expr, x=X3)
    with pytest.raises(ArgumentError, match="not elementwise"):
        value(f"derivative({expr}, x)", **inputs)
    with pytest.raises(ArgumentError, match="not elementwise"):
        gradcli.derivative(expr, inputs, wrt="x")
    with pytest.raises(ArgumentError, match="not elementwise"):
        gradcli.jacobian(expr, inputs, wrt="x", diag=True)


def test_too_large_to_look_at():
    for call in (
        lambda x: value("derivative(x*sum(x), x)", x=x),
        lambda x: gradcli.derivative("x*sum(x)", {"x": x}),
    ):
        with pytest.raises(
            ArgumentError, match=r"output element \[0\] depends on several"
        ) as caught:
            call(np.ones(2000))
        assert "too large" in caught.value.hint


def test_curves_have_derivatives_by_their_parameter():
    t = 0.75
    close(value("derivative([cos(t), sin(t), t**2], t, 2)", t=t), [-np.cos(t), -np.sin(t), 2])
    found = gradcli.derivative("[cos(t), sin(t)]", {"t": t}, order=3).derivative["t"]
    close(found, [np.sin(t), -np.cos(t)])


def test_parts_of_inputs():
    x = np.array([1.0, 2.0, 3.0])
    found = gradcli.derivative("x[1:]**3*x[0]", {"x": x}, wrt="x[1:]", order=2)
    assert found.derivative["x[1:]"].tolist() == [12, 18]
    found = gradcli.derivative("x**3*x[0]", {"x": x}, wrt="x[0]", order=2)
    assert found.derivative["x[0]"].tolist() == [12, 0, 0]
    # An element that depends only on others has a derivative of 0 by its own.
    found = gradcli.derivative("x[[0, 2]]**2", {"x": x}, wrt="x[1:]")
    assert found.derivative["x[1:]"].tolist() == [0, 6]
    for expr in ("x[:2]", "x[:2]*x[2:]"):
        with pytest.raises(ArgumentError, match="not elementwise"):
            gradcli.derivative(expr, {"x": x}, wrt="x[1:]")


# --- structure ---------------------------------------------------------------------------------

STRUCTURES = [
    ("x", [0, 1, 2]),
    ("sin(x) + x**2", [0, 1, 2]),
    ("x[::-1]", [2, 1, 0]),
    ("x + x[::-1]", [SEVERAL, 1, SEVERAL]),
    ("ones(3)", [NONE] * 3),
    ("x > 0", [NONE] * 3),
    ("where(x > 0, 1., 2.)", [NONE] * 3),
    ("where(x > 0, x, 0)", [0, 1, 2]),
    ("stop_gradient(x)*x", [0, 1, 2]),
    ("x[[0, 0, 2]]", [0, 0, 2]),
    ("concatenate([x[1:], ones(1)])", [1, 2, NONE]),
    ("cumsum(x)", [0, SEVERAL, SEVERAL]),
    ("cumsum(x*[0., 1., 0.])", [0, SEVERAL, SEVERAL]),
    ("sum(x)", SEVERAL),
    ("sum(x[1:2])", 1),
    ("diag(x).sum(0)", [0, 1, 2]),
    ("(diag(x) @ A)[0]", [0, 0, 0]),
    ("A @ x", [SEVERAL] * 3),
    ("einsum('i,i->i', x, x)", [0, 1, 2]),
    ("x[:, None]*ones((3, 2))", [[0, 0], [1, 1], [2, 2]]),
    ("outer(x, x)", [[0, SEVERAL, SEVERAL], [SEVERAL, 1, SEVERAL], [SEVERAL, SEVERAL, 2]]),
    ("prod(x[:1])*x", [0, SEVERAL, SEVERAL]),
    ("softmax(x)", [SEVERAL] * 3),
    ("norm(x[2:])", 2),
]


def traced(expr, x, **constants):
    with building(Trace(lambda node, static: Plan([node]).run({})[0])):
        return value_of({"x": x, **constants}, expr)


@pytest.mark.parametrize(("expr", "expected"), STRUCTURES)
def test_structure(expr, expected):
    x = rowcheck.leaf((3,))
    found = sources(traced(expr, x, A=rowcheck.leaf((3, 3))), x)
    assert found.tolist() == expected


@pytest.mark.parametrize("op", rowcheck.rows(), ids=lambda op: op.name)
def test_structure_is_a_superset_of_what_rows_do(op):
    """Every entry of a numeric Jacobian is one that the structure allows."""
    for sample in rowcheck.samples(op):
        case = rowcheck.Single(op, sample)
        if not case.differentiable:
            continue
        for place in case.real:
            leaf = case.leaves[place]
            found = sources(case.node, leaf).ravel()
            for unit in range(leaf.size):
                up, down = [list(case.arrays) for _ in range(2)]
                step = np.zeros(leaf.size)
                step[unit] = 1e-6
                up[place] = up[place] + step.reshape(leaf.shape)
                down[place] = down[place] - step.reshape(leaf.shape)
                (a,), _ = case.run([case.node], up)
                (b,), _ = case.run([case.node], down)
                moved = np.flatnonzero(np.abs(a - b).ravel() > 1e-9)
                assert np.isin(found[moved], [unit, SEVERAL]).all(), (op.name, place, unit)


def test_structure_spares_passes():
    """One pass where a row has one entry: the graph has no batch axis of a thousand."""
    x = rowcheck.leaf((1000,))
    y = traced("sin(x)[::-1]*2", x)
    with building(Arena(rewrite)):
        block = operators.jacobian(y, x)
        total = operators.grad(traced("sum(sin(x))", x), x)
    sizes = [node.size for node in ancestors([block]) if node.op.name not in ("scatter", "reshape")]
    assert max(sizes) <= 1000
    assert total.size == 1000
    start = time.perf_counter()
    value("laplacian(sum(sin(x)), x)", x=np.linspace(0, 1, 200_000))
    value("div(x**2, x)", x=np.linspace(0, 1, 200_000))
    assert time.perf_counter() - start < 5
