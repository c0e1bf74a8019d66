"""Propagation of uncertainty against closed forms and against drawn samples."""

import numpy as np
import pytest

from gradcli.errors import ArgumentError, ShapeError
from gradcli.session import Program
from gradcli.trust.uncertainty import propagate


def found(source, inputs, uncertainties):
    return propagate(Program(source).trace(inputs), uncertainties).outputs[0]


def test_a_product_adds_relative_variances():
    one = found("m*a", {"m": 2.0, "a": 9.81}, {"m": 0.1, "a": 0.02})
    relative = (0.1 / 2) ** 2 + (0.02 / 9.81) ** 2
    assert float(one.std) == pytest.approx(2 * 9.81 * relative**0.5, rel=1e-14)
    assert float(one.share["m"]) == pytest.approx((0.1 / 2) ** 2 / relative, rel=1e-14)
    assert sum(map(float, one.share.values())) == pytest.approx(1)


def test_correlated_inputs():
    s = np.array([[0.04, 0.03], [0.03, 0.09]])
    difference = found("x - y", {"x": 5.0, "y": 3.0}, {"x,y": s})
    assert float(difference.std) == pytest.approx((0.04 + 0.09 - 0.06) ** 0.5)
    assert float(difference.share["x"] + difference.share["y"]) == pytest.approx(1)
    vector = found("x[0] - x[1]", {"x": [5.0, 3.0]}, {"x": s})
    assert vector.std == pytest.approx(difference.std)
    assert vector.elements["x"].shape == (2,)


def test_a_vector_of_results_beside_drawn_samples():
    random = np.random.default_rng(0)
    x, s = np.array([1.0, 2.0, 0.5]), np.array([1e-4, 3e-4, 2e-4])
    one = found("[prod(x), x[0]/x[2], sum(sin(x))]", {"x": x}, {"x": s})
    draws = x + s * random.standard_normal((200_000, 3))
    samples = np.stack([draws.prod(1), draws[:, 0] / draws[:, 2], np.sin(draws).sum(1)])
    np.testing.assert_allclose(np.cov(samples), one.covariance, rtol=0.02)
    np.testing.assert_allclose(one.std, np.sqrt(np.diag(one.covariance)))
    np.testing.assert_allclose(one.share["x"], 1)
    np.testing.assert_allclose(one.elements["x"].sum(1), 1)


def test_one_number_for_all_elements_and_inputs_left_out():
    one = found("sum(x)*y", {"x": np.ones(4), "y": 2.0}, {"x": 0.5})
    assert float(one.std) == 2.0
    assert list(one.share) == ["x"]
    part = found("sum(x)*y", {"x": np.ones(4), "y": 2.0}, {"x[1:3]": [0.5, 0.0]})
    assert float(part.std) == 1.0


@pytest.mark.parametrize(
    ("uncertainties", "error", "says"),
    [
        ({"x": [1.0, 2, 3]}, ShapeError, "shape (3,)"),
        ({"x": [-1.0, 2]}, ArgumentError, "negative"),
        ({"x": [[1.0, 2], [0, 1]]}, ArgumentError, "symmetric"),
        ({"x": [[1.0, 2], [2, 1]]}, ArgumentError, "eigenvalue"),
        ({"x,y": np.eye(2)}, ShapeError, "(3, 3)"),
        ({"x": [1.0, 1], "x,y": np.eye(3)}, ArgumentError, "twice"),
    ],
)
def test_what_is_no_uncertainty(uncertainties, error, says):
    with pytest.raises(error) as caught:
        found("sum(x)*y", {"x": [1.0, 2], "y": 3.0}, uncertainties)
    assert says in caught.value.message


def test_an_exact_result_has_no_shares_to_divide():
    one = found("x*0", {"x": 1.0}, {"x": 0.1})
    assert float(one.std) == 0
    assert float(one.share["x"]) == 0
