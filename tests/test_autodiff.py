"""Derivatives where mechanisms meet: masks, kinks, detach, several outputs, depth."""

import numpy as np
import pytest
import rowcheck
from rowcheck import value_of

import gradcli
from gradcli.autodiff import jvp, vjp
from gradcli.engine import Plan
from gradcli.graph import OPS, Arena, Dim, Trace, ancestors, building, make, size_of
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.custom import Custom
from gradcli.ops.leaves import constant
from gradcli.ops.several import outputs
from gradcli.ops.values import tensor
from gradcli.simplify import rewrite


def gradient(expr, seed="ones", **inputs):
    return gradcli.evaluate(expr, inputs, seed=seed).grad


def hessian(expr, x):
    """Second derivatives of a scalar program of x, by reverse over reverse, strictly."""
    x = np.asarray(x, float)
    node = rowcheck.leaf(x.shape)
    held = {node.serial: x}

    def concretise(wanted, static):
        return Plan([wanted], [node]).run(held)[0]

    with building(Trace(concretise)):
        value = tensor(value_of({"x": node}, expr))
    with building(Arena(rewrite)):
        (first,) = vjp([value], [Cotangent(constant(1.0))], [node], strict=True)
        seed = rowcheck.leaf(first.shape)
        (second,) = vjp([first], [Cotangent(seed)], [node], strict=True)
        (forward,) = jvp([first], [node], [seed], strict=True)
    unit = np.eye(x.size).reshape(x.size, *x.shape)
    found = []
    for part in (second, forward):
        if part is None:
            found.append(np.zeros((x.size, x.size)))
            continue
        rows = Plan([part], [node, seed], [seed]).run({**held, seed.serial: unit})[0]
        found.append(np.broadcast_to(rows, (x.size, *x.shape)).reshape(x.size, x.size))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12, atol=1e-12)
    return found[0]


POISON = [
    ("where(x > 0, sqrt(x), 0)", [-1.0, 4.0], [0.0, 0.25]),
    ("where(x > 0, log(x), x)", [0.0, 2.0], [1.0, 0.5]),
    ("where(x > 0, 1/x, 0)", [0.0, 2.0], [0.0, -0.25]),
    ("where(x > 0, sqrt(abs(x))*log(x), 0)", [0.0, 1.0], [0.0, 1.0]),
    ("where(sum(x) > 9, log(x) @ x, 0)", [0.0, 4.0], [0.0, 0.0]),
    ("where(sum(x) > 9, norm(log(x)), 2*x[1])", [0.0, 4.0], [0.0, 2.0]),
    ("where(x > 0, cumsum(log(x))[::-1], 0)", [0.0, -4.0], [0.0, 0.0]),
    ("where(x > 0, (x / 0)*x, 0)", [-1.0, -2.0], [0.0, 0.0]),
    ("where(x > 0, softmax(log(x)), 0)", [-1.0, 0.0], [0.0, 0.0]),
    ("where([True, False], (sqrt(x)[:, None] * [1., 1.])[:, 0], 0)", [4.0, 0.0], [0.25, 0.0]),
    ("relu(log(x))", [0.0, 1.5], [0.0, 1 / 1.5]),
    ("maximum(log(x), -5)", [0.0, 2.0], [0.0, 0.5]),
    ("clip(sqrt(x), 1, 2)", [0.0, 2.25], [0.0, 1 / 3]),
    ("max(sqrt(x))", [0.0, 4.0], [0.0, 0.25]),
    ("where(x > 0, det(sqrt(x)[:, None, None]*eye(2)), 0)", [4.0, -1.0], [1.0, 0.0]),
    ("where([True, False], inv(sqrt(x)[:, None, None]*eye(2))[:, 0, 0], 0)", [4.0, -1.0],
     [-0.0625, 0.0]),
    ("solve((1+sqrt(x))[:, None, None]*eye(2), ones((2, 2, 1)))[0]", [4.0, 0.0], [-1/18, 0.0]),
    ("solve(eye(2)*ones((2, 2, 2)), sqrt(x)[:, None, None]*ones((2, 2, 1)))[0]", [4.0, 0.0],
     [0.5, 0.0]),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "x", "expected"), POISON)
def test_an_unselected_branch_poisons_nothing(expr, x, expected):
    np.testing.assert_allclose(gradient(expr, x=x)["x"], expected, rtol=1e-14)


@pytest.mark.parametrize(("expr", "x", "expected"), POISON)
def test_nor_in_a_jacobian(expr, x, expected):
    for mode in ("forward", "reverse"):
        (output,) = gradcli.jacobian(expr, {"x": x}, mode=mode).outputs
        total = output.jacobian["x"].reshape(-1, 2).sum(0)
        np.testing.assert_allclose(total, expected, rtol=1e-14)


def test_nor_to_second_order():
    x = [-1.0, 0.0, 4.0]
    second = hessian("sum(where(x > 0, sqrt(x), 0))", x)
    np.testing.assert_allclose(second, np.diag([0, 0, -0.25 * 4**-1.5]))
    second = hessian("where(sum(x) > 9, log(x) @ log(x), x @ x)", x)
    np.testing.assert_allclose(second, 2 * np.eye(3))
    matrix = "[[1., 2., 3.], [4., 5., 6.]]"
    second = hessian(f"sum(where([True, False], {matrix} @ (1/x), 0))", [1.0, 2.0, 4.0])
    np.testing.assert_allclose(second, np.diag([2.0, 4 / 8, 6 / 64]))


def test_structural_zeros_meet_no_infinity():
    assert gradient("sqrt(x)[0]", x=[1.0, 0.0])["x"].tolist() == [0.5, 0.0]
    (output,) = gradcli.jacobian("log(x)", {"x": [0.0, 1.0]}).outputs
    assert output.jacobian["x"].tolist() == [[np.inf, 0], [0, 1]]
    (output,) = gradcli.jacobian("log(x) @ [[1., 0.], [2., 1.]]", {"x": [0.5, 1.0]}).outputs
    assert output.jacobian["x"].tolist() == [[2, 2], [0, 1]]


def test_masked_contraction_with_infinities():
    expr = "where(m, A @ (b*x), 0)"
    mask = [True, False]
    A = [[1.0, 2.0], [np.inf, np.nan]]
    found = gradcli.evaluate(
        expr, {"m": mask, "A": A, "b": [1.0, 1.0], "x": [3.0, 4.0]}, seed="ones", wrt=["x"]
    )
    assert found.grad["x"].tolist() == [1.0, 2.0]


CONVENTIONS = [
    ("relu(x)", 0.0, 0.0),
    ("abs(x)", 0.0, 0.0),
    ("sign(x)", 0.0, 0.0),
    ("sqrt(x)", 0.0, np.inf),
    ("x**0", 0.0, 0.0),
    ("maximum(x, 0)", 0.0, 0.5),
    ("minimum(0, x)", 0.0, 0.5),
    ("clip(x, 0, 1)", 0.0, 1.0),
    ("clip(x, 0, 1)", 1.0, 1.0),
    ("clip(-1, x, x)", 0.5, 1.0),
    ("clip(2, x, x)", 0.5, 1.0),
    ("norm([x, 0*x])", 0.0, 0.0),
    ("norm([x, x], 1)", 0.0, 0.0),
    ("norm([x, x], 3)", 0.0, 0.0),
    ("std([x, x])", 1.0, 0.0),
    ("torch.std([x, x, x])", 1.0, 0.0),
]


@pytest.mark.parametrize(("expr", "x", "expected"), CONVENTIONS)
def test_kinks(expr, x, expected):
    assert gradient(expr, x=x)["x"] == expected


def test_ties_share_evenly():
    assert gradient("max(x)", x=[1.0, 3.0, 3.0])["x"].tolist() == [0, 0.5, 0.5]
    assert gradient("min(x, axis=0)", x=[[1.0, 2.0], [1.0, 0.0]])["x"].tolist() == [
        [0.5, 0],
        [0.5, 1],
    ]
    assert gradient("torch.max(x, 0)[0]", x=[3.0, 3.0])["x"].tolist() == [1, 0]


def test_powers_at_zero():
    grad = gradient("x**y", x=0.0, y=2.0)
    assert (grad["x"], grad["y"]) == (0, 0)
    grad = gradient("x**y", x=0.0, y=0.0)
    assert (grad["x"], grad["y"]) == (0, 0)


def test_products_with_zeros():
    assert gradient("prod(x)", x=[2.0, 0.0, 3.0])["x"].tolist() == [0, 6, 0]
    assert gradient("prod(x)", x=[2.0, 0.0, 0.0])["x"].tolist() == [0, 0, 0]
    second = hessian("prod(x)", [2.0, 0.0, 0.0])
    assert second.tolist() == [[0, 0, 0], [0, 0, 2], [0, 2, 0]]


def test_singular_determinants():
    np.testing.assert_allclose(
        gradient("det(A)", A=[[1.0, 2.0], [2.0, 4.0]])["A"], [[4, -2], [-2, 1]], atol=1e-14
    )
    assert not gradient("det(A)", A=np.zeros((3, 3)))["A"].any()
    second = hessian("det(x)", np.diag([1.0, 0.0, 0.0]))
    expected = np.zeros((9, 9))
    for row, column, sign in ((4, 8, 1), (5, 7, -1)):
        expected[row, column] = expected[column, row] = sign
    np.testing.assert_allclose(second, expected, atol=1e-14)


def test_third_derivative_of_a_determinant():
    """Of a cubic along a line: exactly 6 times the determinant of the direction."""
    expr = "det(A + x*B)"
    A = "[[2.,1.,0.],[0.,3.,1.],[1.,0.,1.]]"
    B = "[[1.,2.,0.],[0.,1.,3.],[1.,1.,2.]]"
    node = rowcheck.leaf(())
    with building(Trace()):
        source = expr.replace("A", A).replace("B", B)
        value = value_of({"x": node}, source)
    with building(Arena(rewrite)):
        for _ in range(3):
            (value,) = vjp([value], [Cotangent(constant(1.0))], [node])
    third = Plan([value], [node]).run({node.serial: np.array(0.4)})[0]
    matrix = np.array([[1, 2, 0], [0, 1, 3], [1, 1, 2.0]])
    np.testing.assert_allclose(third, 6 * np.linalg.det(matrix), rtol=1e-10)


def test_detach():
    assert gradient("sum(detach(x*x)*x)", x=[1.0, 2.0])["x"].tolist() == [1, 4]
    assert gradient("sum(x.detach()*x)", x=[1.0, 2.0])["x"].tolist() == [1, 2]
    assert gradient("sum(stop_gradient(x)*x)", x=[1.0, 2.0])["x"].tolist() == [1, 2]


def test_not_connected_is_said():
    result = gradcli.evaluate("sum(x) + 0*sum(detach(y))", {"x": [1.0], "y": [2.0, 3.0]})
    assert result.grad["y"].tolist() == [0, 0]
    assert any("`y` is not connected" in warning for warning in result.warnings)


def test_program_nodes_are_kept_as_written():
    node = rowcheck.leaf((2,))
    with building(Trace()):
        u, v = value_of({"x": node}, "u = x*x; v = x*x; (u, v)")
        assert u is not v
        total = OPS["sum"](u + 3.0 * v, (-1,), False)
    with building(Arena(rewrite)):
        (part,) = vjp([total], [Cotangent(constant(1.0))], [u])
    assert Plan([part], [node]).run({node.serial: np.ones(2)})[0].tolist() == [1, 1]


def test_two_draws_are_two():
    value = gradcli.evaluate("[randn(3), randn(3)]", random_seed=1).value
    assert (value[0] != value[1]).all()
    again = gradcli.evaluate("[randn(3), randn(3)]", random_seed=1).value
    assert np.array_equal(value, again)


def test_derivative_nodes_are_interned_and_simplified():
    node = rowcheck.leaf(())
    with building(Trace()):
        value = value_of({"x": node}, "sin(x)")
    with building(Arena(rewrite)):
        one = Cotangent(constant(1.0))
        (first,) = vjp([value], [one], [node])
        (second,) = vjp([first], [Cotangent(constant(1.0))], [node])
    assert (first.op.name, first.inputs) == ("cos", (node,))
    assert (second.op.name, second.inputs[0].op.name) == ("negative", "sin")


def test_derivative_graphs_hold_nothing_dead():
    node = rowcheck.leaf((3,))
    with building(Trace()):
        value = value_of({"x": node}, "sum(x.T.T.reshape(3,1).reshape(3)*1)")
    with building(Arena(rewrite)):
        (part,) = vjp([value], [Cotangent(constant(1.0))], [node])
    assert part.op.name == "full"


@pytest.fixture
def sincos():
    op = Custom(
        "sincos",
        lambda x: (np.sin(x), np.cos(x)),
        lambda x: ((x.shape, "real"), (x.shape, "real")),
        lambda node, gs, gc: [
            sum_parts(
                gs and gs * OPS["cos"](node.inputs[0]), gc and -(gc * OPS["sin"](node.inputs[0]))
            )
        ],
        doc="Both at once.",
        domain="all",
        box=((-1.0, 1.0),),
        kinks=(),
        samples=(),
    )
    yield op
    del OPS["sincos"]


def sum_parts(a, b):
    return b if a is None else a if b is None else a + b


def test_ops_with_several_outputs(sincos):
    node = rowcheck.leaf((2,))
    with building(Trace()):
        s, c = outputs(make(sincos, (node,), ()))
        value = s * c * c
    x = np.array([0.3, 1.1])
    with building(Arena(rewrite)):
        (part,) = vjp([value], [Cotangent(constant(1.0, (2,)))], [node])
        (tangent,) = jvp([value], [node], [constant(1.0, (2,))])
    found = Plan([part, tangent], [node]).run({node.serial: x})
    expected = np.cos(x) ** 3 - 2 * np.sin(x) ** 2 * np.cos(x)
    np.testing.assert_allclose(found[0], expected)
    np.testing.assert_allclose(found[1], expected)


def test_many_index_contributions_make_one_scatter():
    count = 3000
    terms = "+".join(f"x[{k}]*x[{k + 1}]" for k in range(count))
    node = rowcheck.leaf((count + 1,))
    with building(Trace()):
        value = value_of({"x": node}, terms)
    with building(Arena(rewrite)):
        (part,) = vjp([value], [Cotangent(constant(1.0))], [node])
    assert sum(n.op.name == "scatter" for n in ancestors([part])) == 1
    x = np.random.default_rng(0).normal(size=count + 1)
    found = Plan([part], [node]).run({node.serial: x})[0]
    expected = np.r_[x[1:], 0] + np.r_[0, x[:-1]]
    np.testing.assert_allclose(found, expected)


def test_a_hundred_thousand_nested_nodes():
    node = rowcheck.leaf(())
    sin = OPS["sin"]
    with building(Trace()):
        value = node
        for _ in range(100_000):
            value = sin(value)
    with building(Arena(rewrite)):
        (part,) = vjp([value], [Cotangent(constant(1.0))], [node])
        (tangent,) = jvp([value], [node], [constant(1.0)])
    back, forth = Plan([part, tangent], [node]).run({node.serial: np.array(1.0)})
    np.testing.assert_allclose(back, forth, rtol=1e-9)


def test_named_sizes_keep_their_names():
    n, m = Dim(7, "n"), Dim(11, "m")
    assert (n * m, (n * m).name) == (77, "n*m")
    assert ((n + m) * n).name == "(n+m)*n"
    assert (n * 1) is n
    assert (n - 2).name == "n-2"
    assert size_of((n, m, 2)).name == "n*m*2"
    node = rowcheck.leaf((n, m))
    with building(Trace()):
        value = value_of({"A": node}, "A.T @ A + A[:, None].sum((0, 1)).mean()")
    assert [extent.name for extent in value.shape] == ["m", "m"]
    counts = [k.params[1] for k in ancestors([value]) if k.op.name == "full"]
    assert [k.name for k in counts] == ["m"]


def test_float32_throughout():
    result = gradcli.evaluate("sum(0.1*x**2/3) + arange(3) @ x", {"x": [1, 2, 3]}, dtype="float32")
    assert result.value.dtype == result.grad["x"].dtype == np.float32


def test_the_memory_of_a_jacobian_is_bounded():
    x = np.linspace(0, 1, 200)
    whole = gradcli.jacobian("sin(x)*sum(x)", {"x": x}).outputs[0].jacobian["x"]
    tight = gradcli.jacobian("sin(x)*sum(x)", {"x": x}, max_memory=500_000).outputs[0]
    assert np.array_equal(tight.jacobian["x"], whole)
    with pytest.raises(gradcli.GradcliError, match="memory"):
        gradcli.jacobian("sin(x)", {"x": x}, max_memory=300_000)
