"""Derivative operators inside programs: against closed forms, against one another, at the edges."""

import numpy as np
import pytest
import rowcheck
from hypothesis import given
from hypothesis import strategies as st

import gradcli
from gradcli.autodiff import operators
from gradcli.errors import ArgumentError, LimitError, SeedError, ShapeError
from gradcli.graph import Arena, building
from gradcli.simplify import rewrite


def value(expr, **inputs):
    return gradcli.evaluate(expr, inputs, grad=False).value


def values(expr, **inputs):
    return [o.value for o in gradcli.evaluate(expr, inputs, grad=False).outputs]


def close(found, expected, tolerance=1e-12):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


X3 = np.array([0.5, -1.25, 2.0])
RANDOM = np.random.default_rng(11)


# --- what issue and textbook say ---------------------------------------------------------------


def test_fields():
    assert value("div(grad(dot(x, x), x), x)", x=np.ones(3)) == 6
    close(value("laplacian(1/norm(x), x)", x=X3), 0, 1e-15)
    x, y, z = X3
    # F = (x^2 y, y z, x e^z): div = 2xy + z + x e^z, curl = (-y, -e^z, -x^2).
    field = "[x[0]**2*x[1], x[1]*x[2], x[0]*exp(x[2])]"
    close(value(f"div({field}, x)", x=X3), 2 * x * y + z + x * np.exp(z))
    close(value(f"curl({field}, x)", x=X3), [-y, -np.exp(z), -(x**2)])
    # A rotation has curl 2 in the plane, and no divergence; a gradient has no curl.
    assert value("curl([-x[1], x[0]], x)", x=X3[:2]) == 2
    assert value("div([-x[1], x[0]], x)", x=X3[:2]) == 0
    close(value("curl(grad(sin(x[0])*x[1]**2*exp(x[2]), x), x)", x=X3), 0, 1e-14)
    close(value(f"div(curl({field}, x), x)", x=X3), 0, 1e-14)
    # By coordinates one by one, at a point and on a grid.
    scalars = {"x": x, "y": y, "z": z}
    one_by_one = "[x**2*y, y*z, x*exp(z)], [x, y, z]"
    close(value(f"div({one_by_one})", **scalars), 2 * x * y + z + x * np.exp(z))
    close(values(f"curl({one_by_one})", **scalars), [-y, -np.exp(z), -(x**2)])
    grid_x, grid_y = np.meshgrid(np.linspace(0, 1, 5), np.linspace(1, 2, 4))
    grid = {"x": grid_x, "y": grid_y}
    close(value("div([x*y, sin(x)*y**2], [x, y])", **grid), grid_y + 2 * np.sin(grid_x) * grid_y)
    close(value("curl([x*y, sin(x)*y**2], [x, y])", **grid), np.cos(grid_x) * grid_y**2 - grid_x)
    close(value("laplacian(sin(x)*cos(2*y), [x, y])", **grid),
          -5 * np.sin(grid_x) * np.cos(2 * grid_y))  # fmt: skip


def test_hessian_of_rosenbrock():
    n = 20
    x = RANDOM.uniform(-2, 2, n)
    expected = np.zeros((n, n))
    for k in range(n - 1):
        expected[k, k] += 1200 * x[k] ** 2 - 400 * x[k + 1] + 2
        expected[k + 1, k + 1] += 200
        expected[k, k + 1] = expected[k + 1, k] = -400 * x[k]
    expr = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
    close(value(f"hessian({expr}, x)", x=x), expected, 1e-10)
    close(gradcli.hessian(expr, {"x": x}).hessian["x"]["x"], expected, 1e-10)


def test_hessian_of_log_sum_exp():
    x = RANDOM.uniform(-5, 5, 12)
    p = np.exp(x - x.max())
    p /= p.sum()
    expected = np.diag(p) - np.outer(p, p)
    for expr in ("logsumexp(x)", "log(sum(exp(x)))"):
        close(value(f"hessian({expr}, x)", x=x), expected, 1e-10)
        close(gradcli.hessian(expr, {"x": x}).hessian["x"]["x"], expected, 1e-10)


# The 8th derivative of exp(sin(x)): mpmath 1.3, taylor(f, x, 8)[8]*8! at 60 digits.
EIGHTH = {
    -2.0: -22.051036782776823158,
    -0.7: -3.6066400588082658472,
    0.0: 217.0,
    0.3: 55.695644678266428022,
    1.0: -533.93478001882834025,
    2.5: -530.53471905212793334,
}


def test_eighth_derivative():
    x, expected = np.array([*EIGHTH]), np.array([*EIGHTH.values()])
    close(value("derivative(exp(sin(x)), x, 8)", x=x), expected, 1e-10)
    found = gradcli.derivative("exp(sin(x))", {"x": x}, order=8)
    close(found.derivative["x"], expected, 1e-10)
    nested = "exp(sin(x))"
    for _ in range(8):
        nested = f"grad({nested}, x)"
    close([value(nested, x=one) for one in x], expected, 1e-10)


# --- identities --------------------------------------------------------------------------------

PROGRAMS = [
    "sum(sin(x)*x**2)",
    "sum(tanh(A @ x)**2)",
    "prod(x)*norm(x)",
    "logsumexp(A @ x) + x @ A @ x",
    "sum(cumsum(x)[::-1]*x)",
    "det(A*x + 3*eye(3))",
    "sum(inv(A + 9*eye(3)*x[1]) @ x)",
    "max(A @ x)**2 + std(x)",
    "sum(where(x > 0, sqrt(abs(x)), x**3))",
    "sum(outer(x, x)[:, [0, 2]].T.reshape(3, 2)**3)",
]
A3 = RANDOM.normal(size=(3, 3))
numbers = st.floats(-2, 2).map(lambda v: round(v, 3))
vectors = st.lists(numbers, min_size=3, max_size=3).map(np.array)


def inputs_of(expr, **more):
    return {n: v for n, v in {"A": A3, **more}.items() if n != "A" or "A" in expr}


@pytest.mark.parametrize("expr", PROGRAMS)
def test_second_order_is_consistent(expr):
    x, v, w = RANDOM.uniform(0.3, 1.5, (3, 3))
    inputs = inputs_of(expr, x=x)
    hessian = value(f"hessian({expr}, x)", **inputs)
    close(hessian, hessian.T)
    close(value(f"f = {expr}; jacobian(grad(f, x), x)", **inputs), hessian)
    close(gradcli.hessian(expr, inputs, wrt="x").hessian["x"]["x"], hessian)
    close(value(f"hvp({expr}, x, v)", **inputs, v=v), hessian @ v)
    close(gradcli.hvp(expr, inputs, {"x": v}, wrt="x").hvp["x"], hessian @ v)
    close(value(f"f = {expr}; grad(jvp(f, x, v), x, w)", **inputs, v=v, w=1.0), hessian @ v)
    close(value(f"f = {expr}; jvp(jvp(f, x, v), x, w)", **inputs, v=v, w=w), w @ hessian @ v)
    close(value(f"laplacian({expr}, x)", **inputs), np.trace(hessian))
    third = value(f"jacobian(hessian({expr}, x), x)", **inputs)
    close(third, np.transpose(third, (2, 1, 0)), 1e-10)
    close(value(f"jacfwd(hessian({expr}, x), x)", **inputs), third, 1e-10)
    close(value(f"jacrev(hessian({expr}, x), x)", **inputs), third, 1e-10)


FIELDS = ["sin(x)*x[0]", "A @ x", "x[::-1]**2", "softmax(A @ x)", "cumsum(x)/x", "inv(A)[0]*x"]


@pytest.mark.parametrize("expr", FIELDS)
def test_products_and_jacobians_agree(expr):
    x, v, w = RANDOM.uniform(0.3, 1.5, (3, 3))
    inputs = inputs_of(expr, x=x)
    jacobian = gradcli.jacobian(expr, inputs, wrt="x").jacobian["x"]
    for name in ("jacobian", "jacfwd", "jacrev"):
        close(value(f"{name}({expr}, x)", **inputs), jacobian)
    close(value(f"jvp({expr}, x, v)", **inputs, v=v), jacobian @ v)
    close(gradcli.jvp(expr, inputs, {"x": v}).tangent, jacobian @ v)
    close(value(f"vjp({expr}, x, w)", **inputs, w=w), w @ jacobian)
    close(value(f"grad({expr}, x, w)", **inputs, w=w), w @ jacobian)
    close(value(f"div({expr}, x)", **inputs), np.trace(jacobian))


@given(vectors, vectors, vectors, st.sampled_from(FIELDS[:4]))
def test_forward_is_the_transpose_of_reverse(x, v, w, expr):
    inputs = inputs_of(expr, x=x, v=v, w=w)
    forward, back = values(f"y = {expr}; (dot(w, jvp(y, x, v)), dot(vjp(y, x, w), v))", **inputs)
    close(forward, back, 1e-10)


@given(vectors, st.integers(0, 3), st.integers(0, 3))
def test_orders_add_up(x, first, second):
    expr = "sin(x)*exp(-x) + x**3"
    found, expected = values(
        f"y = {expr}; (derivative(derivative(y, x, {first}), x, {second}), "
        f"derivative(y, x, {first + second}))",
        x=x,
    )
    close(found, expected)


def test_by_several_at_once():
    x, W = X3, A3
    gradients = values("grad(sum(tanh(W @ x)), (W, x))", x=x, W=W)
    slope = 1 - np.tanh(W @ x) ** 2
    close(gradients[0], np.outer(slope, x))
    close(gradients[1], slope @ W)
    rows = gradcli.evaluate("h = hessian(sum(x**2)*y, (x, y)); (h[0][1], h[1][0], h[1][1])",
                            {"x": x, "y": 2.0}, grad=False)  # fmt: skip
    close(rows.outputs[0].value, 2 * x)
    close(rows.outputs[1].value, 2 * x)
    assert rows.outputs[2].value == 0


# --- what a variable is ------------------------------------------------------------------------


def test_any_intermediate_tensor():
    assert value("u = x*x; v = x*x; grad(sum(u + 3*v), u)", x=X3).tolist() == [1, 1, 1]
    close(value("u = sin(x); grad(sum(u**3), u)", x=X3), 3 * np.sin(X3) ** 2)
    close(value("u = sin(x); hessian(sum(u**3), u)", x=X3), np.diag(6 * np.sin(X3)))
    close(value("u = 2*x; derivative(u**3 + x, u)", x=X3), 3 * (2 * X3) ** 2)


def test_results_are_variables_of_their_own():
    again = "u = grad(sum(x**2), x); v = grad(sum(x**2), x); grad(sum(u + 3*v), u)"
    assert value(again, x=X3).tolist() == [1, 1, 1]
    # The derivative of sin(x)*x holds the same cos(x) as that of sin(x), but is not made from it.
    shared = "u = derivative(sin(x), x); v = derivative(sin(x)*x, x); grad(sum(v), u)"
    result = gradcli.evaluate(shared, {"x": X3}, grad=False)
    assert result.value.tolist() == [0, 0, 0]
    assert any("not connected" in warning for warning in result.warnings)
    # A derivative that is the value itself is another variable still.
    close(value("y = exp(x); u = derivative(y, x); grad(sum(u*3 + y), u)", x=X3), [3, 3, 3])


def test_dependent_variables_count_in_both_modes():
    x, v, w = RANDOM.uniform(0.5, 1.5, (3, 3))
    forward, back = values(
        "u = x*x; y = u*x; (sum(jvp(y, (u, x), (v, w))), "
        "dot(grad(sum(y), (u, x))[0], v) + dot(grad(sum(y), (u, x))[1], w))",
        x=x, v=v, w=w,
    )  # fmt: skip
    close(forward, back)
    close(forward, (x * v + 3 * x * x * w).sum())


def test_gradients_of_programs_with_operators():
    result = gradcli.evaluate("sum(grad(sum(x**3*a), x))", {"x": X3, "a": 2.0})
    close(result.grad["x"], 12 * X3)
    close(result.grad["a"], (3 * X3**2).sum())
    found = gradcli.jacobian("grad(prod(x), x)", {"x": X3}).jacobian["x"]
    close(found, gradcli.hessian("prod(x)", {"x": X3}).hessian["x"]["x"])


def test_values_steer_programs_with_operators():
    expr = "g = grad(sum(x**2), x); sum(g) if g[0] > 0 else sum(x**3)"
    program = gradcli.compile(expr)
    for x in ([1.0, 2.0], [-1.0, 2.0], [3.0, 1.0]):
        expected = 2 * sum(x) if x[0] > 0 else sum(v**3 for v in x)
        close(program.evaluate({"x": x}).value, expected)


def test_random_draws_stay_apart():
    found = gradcli.evaluate(
        "e = randn(3); g = grad(sum(e*x), x); (g - e, randn(3) - e)", {"x": X3}, random_seed=1,
        grad=False,
    )  # fmt: skip
    assert not found.outputs[0].value.any()
    assert found.outputs[1].value.all()


# --- structural zeros --------------------------------------------------------------------------

EDGE = np.array([-1.0, 0.0, 4.0])
POWERS = {1: 0.25, 2: -0.03125, 3: 3 / 8 * 4**-2.5, 4: -15 / 16 * 4**-3.5, 5: 105 / 32 * 4**-4.5}


@pytest.mark.parametrize("order", POWERS)
def test_an_unselected_branch_poisons_nothing_at_any_order(order):
    expr = "where(x > 0, sqrt(x), 0)"
    expected = [0, 0, POWERS[order]]
    close(value(f"derivative({expr}, x, {order})", x=EDGE), expected)
    close(gradcli.derivative(expr, {"x": EDGE}, order=order).derivative["x"], expected)
    nested = expr
    for _ in range(order):
        nested = f"grad(sum({nested}), x)"
    close(value(nested, x=EDGE), expected)
    forward = expr
    for _ in range(order):
        forward = f"jvp({forward}, x, ones(3))"
    close(value(forward, x=EDGE), expected)


def test_nor_in_hessians_and_products():
    expr = "sum(where(x > 0, sqrt(x), 0))"
    expected = np.diag([0, 0, POWERS[2]])
    close(value(f"hessian({expr}, x)", x=EDGE), expected)
    close(gradcli.hessian(expr, {"x": EDGE}).hessian["x"]["x"], expected)
    close(value(f"hvp({expr}, x, ones(3))", x=EDGE), expected.sum(0))
    close(gradcli.hvp(expr, {"x": EDGE}, {"x": "ones"}).hvp["x"], expected.sum(0))
    close(value(f"laplacian({expr}, x)", x=EDGE), POWERS[2])
    close(gradcli.jvp(expr, {"x": EDGE}, {"x": "ones"}).tangent, POWERS[1])


def test_zeros_of_directions_and_indices_meet_no_infinity():
    zero = [0.0, 1.0]
    assert gradcli.jvp("sqrt(x)", {"x": zero}, {"x": [0, 1]}).tangent.tolist() == [0, 0.5]
    assert gradcli.jvp("sqrt(x) @ [2., 3.]", {"x": zero}, {"x": [0, 1]}).tangent == 1.5
    assert value("jvp(sqrt(x) @ [2., 3.], x, [0, 1])", x=zero) == 1.5
    assert value("grad(sqrt(x)[1], x)", x=zero).tolist() == [0, 0.5]
    assert value("jacobian(sqrt(x), x)", x=zero).tolist() == [[np.inf, 0], [0, 0.5]]
    assert value("jacrev(sqrt(x)[::-1] + 0*sum(x), x)", x=[0.0, 1.0]).tolist() == [
        [0, 0.5],
        [np.inf, 0],
    ]
    assert value("hvp(sqrt(x)[1]*x[1], x, [0, 1])", x=zero).tolist() == [0, 0.75]
    found = gradcli.hvp("sqrt(x)[1]*x[1]*y", {"x": zero, "y": 2.0}, {"x": [0, 1]}).hvp
    assert (found["x"].tolist(), found["y"]) == ([0, 1.5], 1.5)
    found = gradcli.hessian("sqrt(x)[1]*x[1]*y", {"x": zero, "y": 2.0}).hessian
    assert found["x"]["x"].tolist() == [[0, 0], [0, 1.5]]


def test_a_hidden_nan_is_found_too():
    """Where the derivative only steers or is compared, plain arithmetic must not decide."""
    zero = [1.0, 0.0]
    assert value("sum(grad(sqrt(x)[0], x) >= 0)", x=zero) == 2
    assert value("1 if grad(sqrt(x)[0], x)[1] == 0 else 2", x=zero) == 1
    program = gradcli.compile("sum(grad(sqrt(x)[0], x) >= 0)*x[0]")
    for x in ([1.0, 1.0], zero, [4.0, 0.0], [4.0, 1.0]):
        assert program.evaluate({"x": x}).value == 2 * x[0]


# --- mistakes and limits -----------------------------------------------------------------------

MISTAKES = [
    ("grad(x**2, x)", SeedError, "one number", "jacobian(y, x)"),
    ("grad(x**2, x, [1.])", SeedError, r"\(1,\)", "nothing is broadcast"),
    ("grad(sum(x**2), x[0])", ArgumentError, "computed after", "grad(y, x)[0]"),
    ("grad(sum(x**2), 3.0)", ArgumentError, "this is a number", "array"),
    ("grad(sum(x**2), arange(3))", ArgumentError, "computed after|whole numbers", ""),
    ("grad(sum(x))", ArgumentError, "what to differentiate by", "grad(f)"),
    ("grad(sum(x), ())", ArgumentError, "nothing to differentiate by", ""),
    ("b = x > 0; grad(sum(b*x), b)", ArgumentError, "by booleans", ""),
    ("jvp(x, x, [1, 2])", ShapeError, r"\(2,\)", "nothing is broadcast"),
    ("jvp(x, (x, x), (x,))", ArgumentError, "a vector for each of 2", ""),
    ("hvp(x, x, x)", SeedError, "one number", ""),
    ("vjp(x, x)", ArgumentError, "needs a vector", ""),
    ("hessian(x, x)", SeedError, "one number", ""),
    ("derivative(sum(x), x)", ShapeError, "needs one shape", "grad(y, x)"),
    ("derivative(x, x, -1)", ArgumentError, "0 or more", ""),
    ("derivative(x, x, 1.5)", ArgumentError, "whole number", ""),
    ("div(sum(x), x)", ShapeError, "a component of the field", "gradient"),
    ("div(x, [x])", ArgumentError, "one by one", ""),
    ("div([x, x], [x])", ArgumentError, "2 for 1", ""),
    ("curl(A @ x, x)", ShapeError, "two or three dimensions", ""),
    ("curl([x], [x])", ArgumentError, "two or three dimensions", ""),
    ("laplacian(x, x)", SeedError, "one number", ""),
]


@pytest.mark.parametrize(("expr", "kind", "message", "hint"), MISTAKES)
def test_mistakes(expr, kind, message, hint):
    with pytest.raises(kind, match=message) as caught:
        value(expr, **({"x": X3} if "A" not in expr else {"A": np.eye(4), "x": np.ones(4)}))
    assert hint in caught.value.hint
    assert caught.value.span is not None


def test_limits_hold_inside_programs():
    deep = "y = x; " + "y = grad(sum(y*sin(y)), x); " * 6 + "sum(y)"
    with pytest.raises(LimitError, match="nodes"):
        gradcli.evaluate(deep, {"x": X3}, max_nodes=200)
    with pytest.raises(LimitError, match="memory"):
        gradcli.evaluate("sum(hessian(sum(x)**3, x))", {"x": np.ones(3000)}, max_memory=10**7)


def test_an_error_inside_a_derivative_has_a_place():
    """The third derivative of a determinant wants an inverse."""
    expr = "y = x\ng = grad(grad(grad(det(A + y*B), y), y), y)\ng + 1"
    with pytest.raises(gradcli.GradcliError, match="singular") as caught:
        value(expr, A=np.zeros((3, 3)), B=np.ones((3, 3)), x=0.0)
    assert caught.value.span is not None
    assert caught.value.span.line == 2


def test_names_may_be_inputs():
    assert value("div*grad", div=2.0, grad=3.0) == 6
    assert value("jacobian = 2; jacobian*x", x=3.0) == 6


def test_float32():
    result = gradcli.evaluate("jacobian(tanh(A @ x), x)", {"A": A3, "x": X3}, dtype="float32",
                              grad=False)  # fmt: skip
    assert result.value.dtype == np.float32
    found = gradcli.hessian("prod(x)", {"x": X3}, dtype="float32").hessian["x"]["x"]
    assert found.dtype == np.float32


def test_every_row_in_a_nested_batch():
    """A Jacobian of a Jacobian through every row, forward and reverse."""
    for op in rowcheck.rows():
        sample = rowcheck.samples(op)[0]
        case = rowcheck.Single(op, sample)
        if not case.differentiable or case.node.size * case.leaves[case.real[0]].size > 40:
            continue
        x = case.leaves[case.real[0]]
        with building(Arena(rewrite)):
            blocks = [
                operators.jacobian(operators.jacobian(case.node, x, a), x, b)
                for a in ("forward", "reverse")
                for b in ("forward", "reverse")
            ]
        found, _ = case.run(blocks)
        for other in found[1:]:
            rowcheck.close(found[0], other, f"{op.name}: second derivatives", 1e-11)


BYPASSES = [
    ("u = -x; g = grad(sum(u*w*w), w); grad(sum(g), u)", 2.0),
    ("u = x.reshape(3, 1); g = grad(sum(w.reshape(3, 1)*u), w); grad(sum(g), u)", 1.0),
    ("u = x[None].T; g = grad(sum(w[None].T*u), w); grad(sum(g), u)", 1.0),
    ("u = flip(x, 0); g = grad(sum(flip(w, 0)*u), w); grad(sum(g), u)", 1.0),
    ("u = ones(3); g = grad(sum(u**3), u); grad(sum(g), u)", 6.0),
    ("u = ones_like(x); g = grad(sum(u*w*w), w); grad(sum(g), u)", 2.0),
    ("u = array(2.0); g = grad(sum(w**u), w); grad(sum(g), u)", 3.0),
    ("u = x - 0.5; g = grad(sum(u*w*w), w); grad(sum(g), u)", 2.0),
    ("u = where(x > 9, w, x); g = grad(sum(u*w*w), w); grad(sum(g), u)", 2.0),
]


@pytest.mark.parametrize(("expr", "expected"), BYPASSES)
def test_rewrites_look_behind_no_variable(expr, expected):
    """What a later derivative is taken by stays in the derivatives that hold it."""
    found = value(expr, **{n: v for n, v in {"x": X3, "w": np.ones(3)}.items() if f"{n}" in expr})
    close(found, np.full(np.shape(found), expected))
