"""Derivatives of functions, as the language calls them: with a list and a dict of arguments."""

import numpy as np
import pytest

import gradcli
from gradcli.engine import Concrete
from gradcli.errors import ArgumentError, SeedError
from gradcli.graph import OPS, Node, Trace, building
from gradcli.language import transforms  # noqa: F401  registers the operators
from gradcli.ops.binding import SPELLED
from gradcli.ops.functions.products import product
from gradcli.ops.leaves import constant
from gradcli.ops.linear import sum_
from gradcli.ops.values import tensor

RANDOM = np.random.default_rng(4)
X = RANDOM.uniform(0.5, 1.5, 3)
A = RANDOM.normal(size=(3, 3))


@pytest.fixture(autouse=True)
def program():
    """A program's trace at work, as when functions are called."""
    trace = Trace(lambda node, static: values.value(node))
    values = Concrete({}, np.float64, 1 << 30, trace.watched)
    with building(trace):
        yield trace


def found(result):
    """What a tree of tensors holds."""
    if isinstance(result, (tuple, list)):
        return type(result)(found(part) for part in result)
    if isinstance(result, dict):
        return {name: found(part) for name, part in result.items()}
    if not isinstance(result, Node):
        return result
    return Concrete({}, np.float64, 1 << 30).value(result)


def close(result, expected):
    np.testing.assert_allclose(found(result), expected, rtol=1e-12, atol=1e-12)


def call(name, *args, **kwargs):
    return SPELLED[name](list(args), kwargs)


def python(function):
    """A Python function of nodes, as one of the language."""
    return lambda args, kwargs: function(*args, **kwargs)


def total(x):
    x = tensor(x)
    return sum_(x, tuple(range(-x.ndim, 0)), False)


SINE = python(lambda x: OPS["sin"](x))
CUBES = python(lambda x: total(x * x * x))
PAIR = python(lambda x, y: total(x * x) * y)
VECTOR = python(lambda x: OPS["sin"](product(tensor(A.tolist()), x)))
SLOPES = np.cos(A @ X)[:, None] * A


@pytest.mark.parametrize("name", ["grad", "jax.grad", "torch.func.grad"])
def test_grad_gives_a_function(name):
    close(call(name, SINE)([0.5], {}), np.cos(0.5))
    close(call(name, call(name, SINE))([0.5], {}), -np.sin(0.5))
    close(call(name, call(name, call(name, SINE)))([tensor(0.5)], {}), -np.cos(0.5))
    close(call(name, CUBES)([tensor(X.tolist())], {}), 3 * X**2)
    close(call(name, CUBES)([X.tolist()], {}), 3 * X**2)
    close(call(name, PAIR, 1)([tensor(X.tolist()), 2.0], {}), X @ X)
    close(call(name, PAIR, -1)([tensor(X.tolist()), 2.0], {}), X @ X)
    by_both = call(name, PAIR, argnums=(0, 1))([tensor(X.tolist()), 2.0], {})
    close(by_both[0], 4 * X)
    close(by_both[1], X @ X)
    assert isinstance(by_both, tuple)
    close(call(name, PAIR)([tensor(X.tolist())], {"y": 3.0}), 6 * X)
    close(call(name, python(lambda x: x * x))([3], {}), 6)


def test_whole_numbers_are_read_as_real():
    close(call("grad", python(lambda x: x * x))([3], {}), 6)
    close(call("grad", CUBES)([[1, 2]], {}), [3, 12])
    close(call("jacobian", VECTOR)([[1, 2, 3]], {}), np.cos(A @ [1, 2, 3])[:, None] * A)


def test_a_function_has_variables_of_its_own():
    x = tensor(X.tolist())
    close(call("grad", python(lambda u: total(u * x)))([x], {}), X)
    # No confusion of the inner variable with the outer one: d/dx (x * d/dy (x + y)) = 1.
    inner = python(lambda x: x * call("grad", python(lambda y: x + y))([1.0], {}))
    close(call("grad", inner)([1.0], {}), 1)
    nested = python(lambda x: x * call("grad", python(lambda y: x * y * y))([x], {}))
    close(call("grad", nested)([2.0], {}), 6 * 4)  # x * 2*x*x
    close(call("grad", python(lambda x: constant(3.0)))([2.0], {}), 0)
    outside = total(x)
    close(call("grad", python(lambda u: outside))([x], {}), np.zeros(3))


def test_trees_of_parameters():
    def loss(params, x):
        inner = OPS["sin"](product(params["W"], x) + params["b"][0])
        return total(inner) * params["b"][1]

    params = {"W": tensor(A.tolist()), "b": [tensor(X.tolist()), 2.0]}
    result = found(call("jax.grad", python(loss))([params, tensor(X.tolist())], {}))
    slope = 2 * np.cos(A @ X + X)
    np.testing.assert_allclose(result["W"], np.outer(slope, X))
    np.testing.assert_allclose(result["b"][0], slope)
    np.testing.assert_allclose(result["b"][1], np.sin(A @ X + X).sum())


def test_value_and_gradient():
    value, gradient = call("jax.value_and_grad", CUBES)([tensor(X.tolist())], {})
    close(value, (X**3).sum())
    close(gradient, 3 * X**2)
    gradient, value = call("torch.func.grad_and_value", CUBES)([tensor(X.tolist())], {})
    close(value, (X**3).sum())
    close(gradient, 3 * X**2)
    more = python(lambda x: (total(x * x), x + 1.0))
    (value, aux), gradient = call("jax.value_and_grad", more, has_aux=True)(
        [tensor(X.tolist())], {}
    )
    close(aux, X + 1)
    close(gradient, 2 * X)
    gradient, aux = call("grad", more, has_aux=True)([tensor(X.tolist())], {})
    close(aux, X + 1)
    close(gradient, 2 * X)


@pytest.mark.parametrize(
    "name",
    [
        "jacobian",
        "jax.jacobian",
        "jax.jacfwd",
        "jax.jacrev",
        "torch.func.jacrev",
        "torch.func.jacfwd",
    ],
)
def test_jacobians_of_functions(name):
    close(call(name, VECTOR)([tensor(X.tolist())], {}), SLOPES)
    close(call(name, call(name, VECTOR))([tensor(X.tolist())], {}),
          -np.einsum("i,ij,ik->ijk", np.sin(A @ X), A, A))  # fmt: skip
    close(call(name, call("grad", CUBES))([tensor(X.tolist())], {}), np.diag(6 * X))
    several = python(lambda x, y: (x * y, {"sum": total(x)}))
    first, second = found(call(name, several, argnums=(0, 1))([tensor(X.tolist()), 2.0], {}))
    np.testing.assert_allclose(first[0], 2 * np.eye(3))
    np.testing.assert_allclose(first[1], X)
    np.testing.assert_allclose(second["sum"][0], np.ones(3))


@pytest.mark.parametrize("name", ["hessian", "jax.hessian", "torch.func.hessian"])
def test_hessians_of_functions(name):
    close(call(name, CUBES)([tensor(X.tolist())], {}), np.diag(6 * X))
    blocks = found(call(name, PAIR, argnums=(0, 1))([tensor(X.tolist()), 2.0], {}))
    np.testing.assert_allclose(blocks[0][0], 4 * np.eye(3))
    np.testing.assert_allclose(blocks[0][1], 2 * X)
    np.testing.assert_allclose(blocks[1][0], 2 * X)
    assert blocks[1][1] == 0


def test_at_a_point_as_in_pytorch():
    functional = "torch.autograd.functional."
    close(call(functional + "jacobian", VECTOR, tensor(X.tolist())), SLOPES)
    close(call(functional + "jacobian", VECTOR, tensor(X.tolist()), create_graph=True), SLOPES)
    by_x, by_y = call(functional + "jacobian", PAIR, (tensor(X.tolist()), tensor(2.0)))
    close(by_x, 4 * X)
    close(by_y, X @ X)
    close(call(functional + "hessian", CUBES, tensor(X.tolist())), np.diag(6 * X))
    blocks = call(functional + "hessian", PAIR, (tensor(X.tolist()), tensor(2.0)))
    close(blocks[0][1], 2 * X)
    v = tensor([1.0, 0.0, 2.0])
    value, product_ = call(functional + "jvp", VECTOR, tensor(X.tolist()), v)
    close(value, np.sin(A @ X))
    close(product_, SLOPES @ [1, 0, 2])
    value, product_ = call(functional + "vjp", VECTOR, tensor(X.tolist()), v)
    close(product_, [1, 0, 2] @ SLOPES)
    for name in ("hvp", "vhp"):
        value, product_ = call(functional + name, CUBES, tensor(X.tolist()), v)
        close(value, (X**3).sum())
        close(product_, 6 * X * [1, 0, 2])
    _, (by_x, by_y) = call(
        functional + "hvp", PAIR, (tensor(X.tolist()), tensor(2.0)), (v, tensor(1.0))
    )
    close(by_x, 4 * np.array([1, 0, 2]) + 2 * X)
    close(by_y, 2 * X @ [1, 0, 2])


@pytest.mark.parametrize("space", ["jax.", "torch.func."])
def test_products_as_in_jax(space):
    value, tangent = call(space + "jvp", VECTOR, (tensor(X.tolist()),), ([1.0, 0.0, 2.0],))
    close(value, np.sin(A @ X))
    close(tangent, SLOPES @ [1, 0, 2])
    _, tangent = call(space + "jvp", PAIR, (tensor(X.tolist()), 2.0), (tensor([1.0, 0, 0]), 1.0))
    close(tangent, 4 * X[0] + X @ X)
    value, back = call(space + "vjp", PAIR, tensor(X.tolist()), 2.0)
    close(value, 2 * X @ X)
    by_x, by_y = back([3.0], {})
    close(by_x, 12 * X)
    close(by_y, 3 * X @ X)
    _, back = call(space + "vjp", python(lambda x: (x * x, total(x))), tensor(X.tolist()))
    (both,) = back([(tensor([1.0, 0, 0]), 2.0)], {})
    close(both, 2 * X * [1, 0, 0] + 2)


def test_grad_of_pytorch():
    x, y = tensor(X.tolist()), tensor(2.0)
    own = x * 1.0
    z = total(own * own) * y
    close(call("torch.autograd.grad", z, own, create_graph=True)[0], 4 * X)
    close(call("torch.autograd.grad", z, (own, y))[1], X @ X)
    close(call("torch.autograd.grad", own * own, own, [1.0, 0.0, 2.0])[0], 2 * X * [1, 0, 2])
    both = call("torch.autograd.grad", (z, own * 3.0), own, (2.0, tensor([1.0, 1.0, 0.0])))
    close(both[0], 8 * X + [3, 3, 0])
    with pytest.raises(SeedError):
        call("torch.autograd.grad", own * own, own)


def test_elementwise_and_fields_of_functions():
    x = tensor(X.tolist())
    close(call("derivative", SINE)([x], {}), np.cos(X))
    close(call("derivative", SINE, 2)([x], {}), -np.sin(X))
    close(call("derivative", SINE, n=3)([x], {}), -np.cos(X))
    close(call("div", python(lambda x: x * x))([x], {}), 2 * X.sum())
    close(call("laplacian", CUBES)([x], {}), 6 * X.sum())
    turned = SLOPES.T - SLOPES
    close(call("curl", VECTOR)([x], {}), [turned[1, 2], turned[2, 0], turned[0, 1]])
    close(call("div", call("grad", CUBES))([x], {}), 6 * X.sum())
    close(call("div", python(lambda x: x * x), x), 2 * X.sum())


def test_mistakes():
    with pytest.raises(ArgumentError, match="argument 2, and the function gets 1 argument"):
        call("grad", SINE, 2)([0.5], {})
    with pytest.raises(ArgumentError, match="takes a function, not a scalar"):
        call("jax.value_and_grad", tensor(1.0))
    with pytest.raises(SeedError, match="one number"):
        call("grad", VECTOR)([tensor(X.tolist())], {})
    with pytest.raises(ArgumentError, match="tuple"):
        call("grad", CUBES, has_aux=True)([tensor(X.tolist())], {})
    with pytest.raises(ArgumentError, match="a vector for each of 2"):
        call("jvp", PAIR, (tensor(X.tolist()), 2.0), (tensor(X.tolist()),))
    _, back = call("vjp", CUBES, tensor(X.tolist()))
    with pytest.raises(ArgumentError, match="one vector"):
        back([], {})


def test_as_written_in_a_program():
    x = [0.5, 1.0]
    assert gradcli.evaluate("grad(grad(sin))(x)", {"x": 0.5}).value == -np.sin(0.5)
    assert gradcli.evaluate("from jax import grad\ngrad(sin)(x)", {"x": 0.5}).value == np.cos(0.5)
    assert np.array_equal(
        gradcli.evaluate(
            "from torch.func import jacrev\njacrev(sin)(x)", {"x": x}, grad=False
        ).value,
        np.diag(np.cos(x)),
    )
    assert np.array_equal(
        gradcli.evaluate("torch.autograd.functional.jacobian(sin, x)", {"x": x}, grad=False).value,
        np.diag(np.cos(x)),
    )


PROGRAMS = [
    ("f = lambda t: t**3\ngrad(grad(f))(x)", {"x": 2.0}, 12),
    ("def f(t):\n    return sin(t)*t\n\nderivative(f, 2)(x)", {"x": 0.5},
     2 * np.cos(0.5) - 0.5 * np.sin(0.5)),
    ("import jax\ndef f(p, x):\n    return sum(tanh(p['W'] @ x + p['b'])**2)\n"
     "g = jax.grad(f)({'W': W, 'b': b}, x)\nsum(g['W']) - sum(g['b'])*sum(x)",
     {"W": A, "b": X, "x": X}, 0),
    ("def f(u):\n    s = 0\n    for k in range(3):\n        s = s + u[k]**(k + 2)\n    return s\n"
     "hessian(f)(x)", {"x": X}, np.diag([2, 6 * X[1], 12 * X[2] ** 2])),
    ("def f(u):\n    if u > 0:\n        return u*u\n    return -u\ngrad(f)(x)", {"x": -2.0}, -1),
    ("x = x0\nfor k in range(50):\n    x = x - 0.2*grad(lambda u: sum((u - 3)**2))(x)\nx",
     {"x0": X}, np.full(3, 3.0)),
    ("y = zeros(3)\ny[1] = x[0]**2\ny[2] = x[0]*x[1]\njacobian(y, x)", {"x": X[:2]},
     [[0, 0], [2 * X[0], 0], [X[1], X[0]]]),
    ("y = x*x\ng = derivative(y, x)\ng[0] = 7.0\nsum(g)", {"x": X}, 7 + 2 * X[1:].sum()),
]  # fmt: skip


@pytest.mark.parametrize(("source", "inputs", "expected"), PROGRAMS)
def test_functions_of_a_program(source, inputs, expected):
    value = gradcli.evaluate(source, inputs, grad=False).value
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-9)


SCRIPT = """\
import torch
from torch.func import grad, jacrev, hessian
x = torch.tensor([1., 2., 3.], requires_grad=True)
f = lambda u: (u**3).sum()
print(grad(f)(x).tolist())
print(jacrev(lambda u: u*u)(x).tolist())
print(hessian(f)(x).tolist())
print(grad(grad(lambda t: t**3))(torch.tensor(2.)))
print(torch.autograd.functional.jacobian(lambda u: u**2, x, create_graph=True).tolist())
y = torch.tensor([1., 2.])
print(grad(lambda u: (u*u*y).sum())(y))
with torch.no_grad():
    print(grad(f)(x))
grad(f)(x).sum().backward()
print(x.grad)
w = torch.tensor([4.])
for step in range(300):
    w = w - 0.1*grad(lambda u: ((u - 1)**2).sum())(w)
print(w)
"""
PRINTED = """\
[3.0, 12.0, 27.0]
[[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 6.0]]
[[6.0, 0.0, 0.0], [0.0, 12.0, 0.0], [0.0, 0.0, 18.0]]
tensor(12.)
[[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 6.0]]
tensor([2., 8.])
tensor([ 3., 12., 27.])
tensor([ 6., 12., 18.])
tensor([1.0000])
"""


def test_functions_of_a_script(tmp_path, capsys):
    """PyTorch 2.15 prints just that."""
    from gradcli.cli.main import guarded

    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    assert guarded(["run", str(file)]) == 0
    assert capsys.readouterr().out == PRINTED
