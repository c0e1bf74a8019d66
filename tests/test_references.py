"""Values and derivatives against independent sources: PyTorch's, closed forms, plain NumPy."""

import json
from pathlib import Path

import numpy as np
import pytest

import gradcli

PYTORCH = json.loads((Path(__file__).parent / "data" / "pytorch.json").read_text())["cases"]


def near(a, b, tolerance=1e-12):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", PYTORCH, ids=lambda case: f"{case['expr']} {case['seed']}")
def test_pytorch(case):
    result = gradcli.evaluate(case["expr"], case["inputs"], seed=case["seed"])
    near(result.value, case["value"])
    for name, expected in case["grad"].items():
        assert result.grad[name].shape == np.shape(expected)
        near(result.grad[name], expected)
    for mode in ("forward", "reverse", "auto"):
        (output,) = gradcli.jacobian(case["expr"], case["inputs"], mode=mode).outputs
        for name, expected in case["jacobian"].items():
            assert output.jacobian[name].shape == np.shape(expected)
            near(output.jacobian[name], expected)


def test_the_main_job():
    result = gradcli.evaluate("sum(x**2)", {"x": [3, 4, 10]})
    assert result.value == 125
    assert result.grad["x"].tolist() == [6, 8, 20]


def test_a_broadcast_scalar_comes_back_as_a_sum():
    grad = gradcli.evaluate("x - sum(x)", {"x": [1, 2, 3]}, seed="ones").grad
    assert grad["x"].tolist() == [-2, -2, -2]


def test_two_inputs():
    result = gradcli.evaluate("(x+y)*(y+3)", {"x": 1, "y": 2})
    assert (result.grad["x"], result.grad["y"]) == (5, 8)


def test_cosine_to_the_bit():
    x = np.linspace(0, 1, 1001)
    (output,) = gradcli.jacobian("sin(x)", {"x": x}).outputs
    assert np.array_equal(output.jacobian["x"], np.diag(np.cos(x)))


def table(root, name):
    return np.loadtxt(root / "examples" / "data" / name, delimiter=",", skiprows=1)


def test_logistic_regression(root):
    data = table(root, "breast_cancer.csv")
    random = np.random.default_rng(0)
    w, b, l2 = random.normal(size=30), 0.3, 0.01
    program = (root / "examples" / "logistic.py").read_text()
    result = gradcli.evaluate(program, {"data": data, "w": w, "b": b, "l2": l2}, wrt=["w", "b"])
    X, y = data[:, :-1], data[:, -1]
    X = (X - X.mean(0)) / X.std(0)
    score = X @ w + b
    p = 1 / (1 + np.exp(-score))
    loss = np.mean(np.logaddexp(0, score) - y * score) + 0.5 * l2 * w @ w
    near(result.value, loss, 1e-10)
    near(result.grad["w"], X.T @ (p - y) / len(y) + l2 * w, 1e-10)
    near(result.grad["b"], np.mean(p - y), 1e-10)


def test_softmax_regression(root):
    data = table(root, "iris.csv")
    random = np.random.default_rng(1)
    W, b, l2 = random.normal(size=(4, 3)), random.normal(size=3), 0.1
    program = (root / "examples" / "softmax.py").read_text()
    result = gradcli.evaluate(program, {"data": data, "W": W, "b": b, "l2": l2}, wrt=["W", "b"])
    X, y = data[:, :-1], data[:, -1].astype(int)
    X = (X - X.mean(0)) / X.std(0)
    p = np.exp(X @ W + b)
    p /= p.sum(1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(150), y])) + 0.5 * l2 * np.sum(W**2)
    error = p - np.eye(3)[y]
    near(result.value, loss, 1e-10)
    near(result.grad["W"], X.T @ error / 150 + l2 * W, 1e-10)
    near(result.grad["b"], error.mean(0), 1e-10)
