"""Edges, ties and unselected branches: their conventions, in both modes and to higher orders."""

import numpy as np
import pytest
import rowcheck
from rowcheck import value_of

import gradcli
from gradcli.autodiff import jvp, vjp
from gradcli.engine import Plan
from gradcli.graph import Arena, Trace, building
from gradcli.ops.conventions import EDGES
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import constant
from gradcli.simplify import rewrite


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.call} at {edge.x}")
def test_edge(edge):
    x = np.array(edge.x, float)
    found = gradcli.evaluate(edge.call, {"x": x}, seed="ones").grad["x"]
    np.testing.assert_allclose(found, edge.gradient, rtol=1e-15, atol=0)
    (output,) = gradcli.jacobian(edge.call, {"x": x}, mode="forward").outputs
    rows = output.jacobian["x"].reshape(-1, x.size)
    np.testing.assert_allclose(rows.sum(0), edge.gradient, rtol=1e-15, atol=0)


def derivatives(expr, x, order):
    """All mixtures of the two modes, `order` deep, for a function of each element alone."""
    x = np.asarray(x, float)
    node = rowcheck.leaf(x.shape)

    def concretise(wanted, static):
        return Plan([wanted], [node]).run({node.serial: x})[0]

    with building(Trace(concretise)):
        value = value_of({"x": node}, expr)
    level = [value]
    ones = constant_ones(x.shape)
    with building(Arena(rewrite)), np.errstate(all="ignore"):
        for _ in range(order):
            level = [
                part
                for previous in level
                for part in (
                    vjp([previous], [Cotangent(ones)], [node])[0],
                    jvp([previous], [node], [ones])[0],
                )
                if part is not None
            ]
    return [array for array in Plan(level, [node]).run({node.serial: x})] if level else []


def constant_ones(shape):
    with building(Trace()):
        return constant(1.0, shape)


# Elementwise in x; at -1 and 0 the branch not taken has no finite derivative.
POISON = [
    "where(x > 0.5, sqrt(x), 2.0*x)",
    "where(x > 0.5, log(x)*x, 2.0*x)",
    "torch.where(x > 0.5, other=2.0*x, input=1/x)",
    "where(x > 0.5, where(x > 0.7, x**0.5, x**-1.5), 2.0*x)",
    "relu(x)*where(x > 0.5, log(x), 0)",
    "clip(where(x > 0.5, cbrt(x - 0.5), -1), 0, 9)",
    "leaky_relu(where(x > 0.5, sqrt(x), 0), 0.0)",
    "elu(where(x > 0.5, acosh(1 + x), 0))",
    "where(x > 0.5, xlogy(x, x), 0)",
    "nan_to_num(where(x > 0.5, sqrt(x), 0))",
    "hardtanh(where(x > 0.5, log(x), 0))",
    "fmax(where(x > 0.5, lgamma(x), 0), -9)",
    "where(x > 0.5, erfinv(x/2), 0)",
    "softplus(where(x > 0.5, log10(x), 0)) - log(2.0)",
    "nansum(where(x > 0.5, [sqrt(x), log2(x)], nan), axis=0)",
    "where(x > 0.5, std([x, sqrt(x)], axis=0), 0)",
    "where(x > 0.5, logsumexp([log(x), x], axis=0), 0)",
    "where(x > 0.5, softmax([log(x), x], axis=0)[0], 0)",
    "where(x > 0.5, prod([log(x), x], axis=0), 0)",
    "where(x > 0.5, torch.cumprod([sqrt(x), x], 0)[1], 0)",
    "where(x > 0.5, linalg.norm([sqrt(x), x], ord=3, axis=0), 0)",
    "where(x > 0.5, median([sqrt(x), x, log(x)], axis=0), 0)",
    "where(x > 0.5, torch.logcumsumexp([log(x), x], 0)[1], 0)",
    "where(x > 0.5, torch.cummax([log(x), x], 0)[0][1], 0)",
    "mse_loss(where(x > 0.5, sqrt(x), 0), 0*x, reduction='none')",
    "where(x > 0.5, kl_div(log(x), sqrt(x), reduction='none'), 0)",
]


@pytest.mark.parametrize("expr", POISON)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_an_unselected_branch_poisons_nothing_at_any_order(expr, order):
    alone = derivatives(expr, [0.8, 1.3], order)
    found = derivatives(expr, [-1.0, 0.0, 0.8, 1.3], order)
    assert len(found) == len(alone)
    for whole, part in zip(found, alone, strict=True):
        assert np.isfinite(whole).all(), f"{expr}: {whole}"
        np.testing.assert_allclose(whole[2:], part, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(whole, found[0], rtol=1e-9, atol=1e-12)


SMOOTH = [
    ("sinc(x)", 0.0, [1, 0, -(np.pi**2) / 3, 0, np.pi**4 / 5]),
    ("erfinv(x)", 0.0, [0, np.sqrt(np.pi) / 2, 0, np.pi**1.5 / 4]),
    ("ndtri(x)", 0.5, [0, np.sqrt(2 * np.pi), 0, (2 * np.pi) ** 1.5]),
    ("tanhshrink(x)", 0.0, [0, 0, 0, 2, 0]),
    ("i1(x)", 0.0, [0, 0.5, 0, 3 / 8]),
    ("j1(x)", 0.0, [0, 0.5, 0, -3 / 8]),
    ("gelu(x)", 0.0, [0, 0.5, 2 / np.sqrt(2 * np.pi), 0]),
    ("logaddexp(x, -x)", 0.0, [np.log(2), 0, 1, 0, -2]),
    ("erfcx(x)", 0.0, [1, -2 / np.sqrt(np.pi), 2, -8 / np.sqrt(np.pi)]),
    ("softsign(x)", 1.0, [0.5, 0.25, -0.25, 0.375]),
    ("log_ndtr(x)", -1e8, [-5e15 - np.log(1e8 * np.sqrt(2 * np.pi)), 1e8, -1]),
    ("log_ndtr(x)", 60.0, [0, 0, 0, 0]),
    ("i0e(x)", 1e9, [1.2615662611677758e-5, -6.3078313074158369e-15]),
    ("betaln(x, 1)", 1e12, [-np.log(1e12), -1e-12, 1e-24]),
    ("xlogy(x, 0)", 0.0, [0, 0, 0]),
    ("torch.prod([x, x, 0])", 0.0, [0, 0, 0]),
    ("torch.cumprod([x, x, x], 0)[2]", 0.0, [0, 0, 0, 6]),
]


@pytest.mark.parametrize(("expr", "x", "expected"), SMOOTH)
def test_derivatives_to_high_order_where_naive_ones_fail(expr, x, expected):
    for order, value in enumerate(expected):
        found = derivatives(expr, x, order) if order else [gradcli.evaluate(expr, {"x": x}).value]
        for each in found or [0.0]:
            np.testing.assert_allclose(each, value, rtol=1e-12, atol=1e-15, err_msg=f"{order}")


def test_large_and_tiny_numbers_go_through_reductions():
    grad = gradcli.evaluate("linalg.norm(x, 3)", {"x": [3e-200, 4e-200]}).grad["x"]
    np.testing.assert_allclose(grad, np.array([9, 16]) / 91 ** (2 / 3), rtol=1e-14)
    assert gradcli.evaluate("logsumexp(x)", {"x": [0.0, -40.0]}, grad=False).value > 0
    value = gradcli.evaluate("log_softmax(x)", {"x": [0.0, -40.0]}, grad=False).value
    np.testing.assert_allclose(value[0], -np.exp(-40.0), rtol=1e-15)
    # Products of factors overflow where no product of terms does.
    grad = gradcli.evaluate("torch.cumprod(x, 0)[1]", {"x": [2.0, 3.0, 1e200, 1e200]}).grad["x"]
    assert grad.tolist() == [3, 2, 0, 0]


def test_quantiles_differentiate_by_their_rank_too():
    result = gradcli.evaluate("quantile(x, q)", {"x": [1.0, 4.0, 2.0], "q": 0.7})
    np.testing.assert_allclose(result.value, 2.8)
    np.testing.assert_allclose(result.grad["x"], [0, 0.4, 0.6])
    np.testing.assert_allclose(result.grad["q"], 4)
    assert np.isnan(gradcli.evaluate("quantile([1., 2.], q)", {"q": 1.5}, grad=False).value)


def test_quantiles_follow_other_inputs_without_tracing_again():
    program = gradcli.compile("median(x)")
    first = program.evaluate({"x": [1.0, 2.0, 9.0]})
    second = program.evaluate({"x": [5.0, 0.0, 3.0]})
    assert first.grad["x"].tolist() == [0, 1, 0]
    assert second.grad["x"].tolist() == [0, 0, 1]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_precision_is_kept(dtype):
    expr = "sum(erfcx(x) + betaln(x, 2) + sinc(x) + i0e(x) + digamma(x) + gelu(x)) + median(x)"
    result = gradcli.evaluate(expr, {"x": [0.5, 1.5]}, dtype=dtype)
    assert result.value.dtype == result.grad["x"].dtype == dtype


@pytest.mark.parametrize(
    "x", [[np.inf, 1.0], [np.inf, np.inf], [-np.inf, -np.inf], [np.inf, np.nan]]
)
def test_shares_of_infinities_are_not_known(x):
    """As in SciPy: where the largest element is infinite, no share of the whole is a number."""
    x = {"x": np.array(x)}
    assert np.isnan(gradcli.evaluate("softmax(x)", x, grad=False).value).all()
    assert np.isnan(gradcli.evaluate("log_softmax(x)", x, grad=False).value[0])


def test_too_few_observations_have_no_covariance():
    assert np.isnan(
        gradcli.evaluate("torch.cov(x)", {"x": np.zeros((2, 0))}, grad=False).value
    ).all()
    assert gradcli.evaluate("np.cov(x, ddof=5)", {"x": [1.0, 2.0]}, grad=False).value == np.inf
