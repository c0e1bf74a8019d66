"""Where derivatives of matrices do not exist or are a convention; several outputs; messages."""

import numpy as np
import pytest
import rowcheck

import gradcli
from gradcli.autodiff import jvp, vjp
from gradcli.engine import Plan
from gradcli.errors import ArgumentError, ComputationError, ShapeError
from gradcli.graph import Arena, Trace, ancestors, building
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.custom import Custom
from gradcli.ops.rows import ordering, spectral
from gradcli.ops.several import outputs
from gradcli.simplify import rewrite


def gradient(expr, seed="ones", **inputs):
    return gradcli.evaluate(expr, inputs, seed=seed).grad


def jacobian(expr, mode, **inputs):
    (output,) = gradcli.jacobian(expr, inputs, mode=mode).outputs
    (found,) = output.jacobian.values()
    return found


def near(a, b, tolerance=1e-12):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


ROTATION = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])

# --- equal eigenvalues and singular values -----------------------------------------------------


@pytest.mark.parametrize("power", [1, 2, 3])
def test_sums_over_equal_eigenvalues_are_exact(power):
    a = ROTATION @ np.diag([2.0, 2.0]) @ ROTATION.T
    grad = gradient(f"sum(eigvalsh(a)**{power})", a=a)["a"]
    near(grad, power * np.linalg.matrix_power(a, power - 1))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_equal_eigenvalues_share_their_derivative(mode):
    found = jacobian("eigvalsh(a)", mode, a=np.diag([1.0, 1.0, 3.0]))
    near(found[0], np.diag([0.5, 0.5, 0]))
    near(found[1], np.diag([0.5, 0.5, 0]))
    near(found[2], np.diag([0, 0, 1.0]))


def test_small_values_of_badly_scaled_matrices_are_apart():
    a = np.diag([1e-20, 2e-20, 1.0])
    near(jacobian("eigvalsh(a)", "reverse", a=a), [np.diag(row) for row in np.eye(3)])
    found = jacobian("svdvals(a)", "forward", a=a)
    near(found, [np.diag(row) for row in np.eye(3)[::-1][:, [0, 1, 2]]])
    near(gradient("sum(log(svdvals(a)))", a=a)["a"], np.diag(1 / np.diag(a)))
    assert gradcli.evaluate("norm(a, -2)", {"a": a}, grad=False).value == 1e-20


@pytest.mark.parametrize("side", [2, 5, 20])
def test_values_equal_to_within_rounding_are_seen(side):
    random = np.random.default_rng(side)
    basis = np.linalg.qr(random.normal(size=(side, side)))[0]
    other = np.linalg.qr(random.normal(size=(side, side)))[0]
    values = np.where(np.arange(side) < side // 2, 2.0, 5.0)
    a = (basis * values) @ basis.T
    near(
        gradient("sum(eigvalsh(a)[:1])", a=a)["a"],
        basis[:, : side // 2] @ basis[:, : side // 2].T / (side // 2),
        1e-10,
    )
    b = (basis * np.where(np.arange(side) < side // 2, 0.0, 5.0)) @ other.T
    kept = basis[:, side // 2 :] @ other[:, side // 2 :].T
    near(gradient("norm(b, 'nuc')", b=b)["b"], kept, 1e-10)
    near(gradient("norm(b, 2)", b=b)["b"], kept / (side - side // 2), 1e-10)


def test_the_spectral_norm_has_its_smallest_subgradient():
    near(gradient("norm(a, 2)", a=np.eye(3))["a"], np.eye(3) / 3)
    near(gradient("norm(a, 2)", a=ROTATION)["a"], ROTATION / 2)


def test_the_nuclear_norm_has_its_smallest_subgradient():
    near(gradient("norm(a, 'nuc')", a=np.diag([2.0, 1.0, 0.0]))["a"], np.diag([1.0, 1.0, 0.0]))
    near(gradient("norm(a, 'nuc')", a=np.outer([3.0, 4.0], [1.0, 0.0]))["a"], [[0.6, 0], [0.8, 0]])


def test_vectors_of_a_single_eigenvalue_among_equal_ones():
    a = np.diag([1.0, 2.0, 2.0])
    grad = gradient("eigh(a)[1][:, 0] @ [0., 1., 0.]", a=a)["a"]
    near(np.abs(grad), np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]]))


UNDETERMINED = [
    ("eigh(a)[1]", np.eye(2), "equal eigenvalues"),
    ("svd(a)[0]", np.eye(2), "singular vectors"),
    ("svd(a, full_matrices=False)[0]", np.array([[1.0], [0.0]]) @ [[0.0, 0.0]], "singular"),
    ("eigh(a)[1] @ diag(sqrt(eigh(a)[0])) @ eigh(a)[1].T", np.eye(2), "equal eigenvalues"),
    ("qr(a)[0]", np.ones((3, 2)), "qr"),
    ("qr(a)[1]", np.ones((2, 2)), "qr"),
    ("pinv(a)", np.ones((3, 2)), "deficient rank"),
    ("lstsq(a, [1., 2.])[0]", np.ones((2, 2)), "deficient rank"),
    ("slogdet(a)[1]", np.ones((2, 2)), "singular"),
    ("logdet(a)", np.ones((2, 2)), "singular"),
]


@pytest.mark.parametrize(("expr", "a", "words"), UNDETERMINED)
def test_a_derivative_that_does_not_exist_is_an_error(expr, a, words):
    value = gradcli.evaluate(expr, {"a": a}, grad=False)
    assert value.outputs
    with pytest.raises(ComputationError, match=words) as error:
        gradient(expr, a=a)
    assert error.value.hint
    assert error.value.exit_status == 3


NO_VALUE = [
    ("cholesky(a)", [[1.0, 2.0], [2.0, 1.0]], "positive definite"),
    ("solve_triangular(a, [1., 2.])", [[1.0, 2.0], [2.0, 0.0]], "singular"),
    ("inv(a)", [[1.0, 2.0], [2.0, 4.0]], "singular"),
    ("svd(a)[1]", [[1.0, np.nan], [0.0, 1.0]], "no values"),
]


@pytest.mark.parametrize(("expr", "a", "words"), NO_VALUE)
def test_a_value_that_does_not_exist_is_an_error(expr, a, words):
    with pytest.raises(ComputationError, match=words):
        gradcli.evaluate(expr, {"a": a}, grad=False)


def test_exact_where_it_exists():
    near(gradient("det(a)", a=[[1.0, 2.0], [2.0, 4.0]])["a"], [[4, -2], [-2, 1]])
    near(gradient("lstsq([[1., 2.], [2., 4.]], b)[0]", b=[1.0, 2.0])["b"], [0.12, 0.24])
    assert gradcli.evaluate("cond(a, 1)", {"a": np.ones((2, 2))}, grad=False).value == np.inf
    assert gradcli.evaluate("logdet(a)", {"a": np.ones((2, 2))}, grad=False).value == -np.inf


# --- closed forms ------------------------------------------------------------------------------


def test_the_exponential_of_a_rotation():
    result = gradcli.evaluate("expm(t*[[0., -1.], [1., 0.]])[0]", {"t": 0.3}, seed=[1.0, 0.0])
    near(result.value, ROTATION[0])
    near(result.grad["t"], -np.sin(0.3))


def test_eigenvalues_of_two_by_two():
    a, b, c = 1.0, 0.5, -0.7
    root = np.hypot((a - c) / 2, b)
    inputs = {"a": a, "b": b, "c": c}
    result = gradcli.evaluate("eigvalsh([[a, b], [b, c]])[1]", inputs)
    near(result.value, (a + c) / 2 + root)
    near(result.grad["a"], 0.5 + (a - c) / 4 / root)
    near(result.grad["b"], b / root)


def test_the_symmetric_part_is_what_counts():
    a = np.array([[1.0, 4.0], [2.0, 5.0]])
    near(
        gradcli.evaluate("eigvalsh(a)", {"a": a}, grad=False).value,
        np.linalg.eigvalsh((a + a.T) / 2),
    )
    lower = gradcli.evaluate("eigvalsh(a, UPLO='L')", {"a": a}, grad=False).value
    near(lower, np.linalg.eigvalsh(a))


def test_a_pseudo_inverse_solves():
    a = np.arange(6.0).reshape(3, 2) ** 1.5
    near(gradcli.evaluate("pinv(a) @ a", {"a": a}, grad=False).value, np.eye(2), 1e-10)
    near(gradient("sum(pinv(a) @ a)", a=a)["a"], np.zeros((3, 2)), 1e-9)


# --- several outputs ---------------------------------------------------------------------------


def built(row, a, *params):
    node = rowcheck.leaf(a.shape)
    with building(Trace()):
        parts = outputs(row(node, *params))
    return node, parts


def test_both_outputs_at_once():
    a = np.array([[2.0, 0.3], [0.1, 1.0]])
    node, (values, vectors) = built(spectral.eigh, a)
    seeds = [np.array([0.7, -0.2]), np.array([[0.1, 0.5], [-0.4, 0.3]])]
    leaves = [rowcheck.leaf(seed.shape) for seed in seeds]
    tangent = np.array([[0.2, -0.5], [0.3, 0.9]])
    with building(Arena(rewrite)):
        (back,) = vjp([values, vectors], [Cotangent(one) for one in leaves], [node])
        pushed = jvp([values, vectors], [node], [leaf := rowcheck.leaf(a.shape)])
    bound = [node, *leaves, leaf]
    given = dict(zip([one.serial for one in bound], [a, *seeds, tangent], strict=True))
    grad, *tangents = Plan([back, *pushed], bound).run(given)
    forth = sum((s * t).sum() for s, t in zip(seeds, tangents, strict=True))
    near((grad * tangent).sum(), forth)


def test_one_output_needs_no_vjp_of_the_other():
    """Eigenvalues alone divide by no gaps, though the node has eigenvectors too."""
    node, (values, _) = built(spectral.eigh, np.eye(2))
    with building(Arena(rewrite)):
        seed = rowcheck.leaf((2,))
        (back,) = vjp([values], [Cotangent(seed)], [node])
        (pushed,) = jvp([values], [node], [rowcheck.leaf((2, 2))])
    for result in (back, pushed):
        assert "determined" not in {one.op.name for one in ancestors([result])}


def test_kinds_belong_to_outputs():
    node, (values, order) = built(ordering.sort, np.zeros(3), -1, False)
    assert (values.kind, order.kind) == ("real", "int")
    with building(Arena(rewrite)):
        seed = Cotangent(rowcheck.leaf((3,)))
        assert vjp([order], [seed], [node]) == [None]
        assert jvp([order], [node], [rowcheck.leaf((3,))]) == [None]


@pytest.fixture
def first_int():
    op = Custom(
        "first_int",
        lambda x: (np.floor(x), x - np.floor(x)),
        lambda x: ((x.shape, "int"), (x.shape, "real")),
        lambda node, g_whole, g_rest: [g_rest],
        doc="Whole part and rest.",
        domain="all",
        box=((0.2, 0.8),),
        kinks=(),
        samples=((((2,),), ()),),
    )
    yield op
    from gradcli.graph import OPS

    del OPS["first_int"]


def test_an_op_whose_first_output_is_whole(first_int):
    rowcheck.check_row(first_int)


POISONED = [
    ("where([True, False], eigvalsh(sqrt(a))[:, 0], 0)", 1),
    ("w, v = eigh(sqrt(a)); where([True, False], w[:, 0]*v[:, 0, 0]**2, 0)", 1),
    ("where([True, False], slogdet(sqrt(a) + 3*eye(2))[1], 0)", 1),
    ("where([True, False], qr(sqrt(a) + 3*eye(2))[1][:, 0, 0], 0)", 1),
    ("where([True, False], svd(sqrt(a) + diag([2., 3.]))[0][:, 0, 0]**2, 0)", 1),
]


@pytest.mark.parametrize(("expr", "place"), POISONED)
def test_masks_of_several_outputs_reach_the_operand(expr, place):
    a = np.array([[[1.0, 2.0], [2.0, 5.0]], [[0.0, 1.0], [1.0, 0.0]]])
    grad = gradient(expr, a=a)["a"]
    assert np.isfinite(grad).all()
    assert not grad[place].any()
    assert grad[1 - place].any()


def test_a_sorted_order_is_not_traced_again():
    compiled = gradcli.compile("sum(sort(x)*[1., 10., 100.])")
    near(compiled.evaluate({"x": [3.0, 1.0, 2.0]}).grad["x"], [100, 1, 10])
    near(compiled.evaluate({"x": [1.0, 2.0, 3.0]}).grad["x"], [1, 10, 100])
    assert len(compiled._program._traced.popitem()[1]) == 1


def test_sorting_keeps_structural_zeros():
    near(gradient("sort(sqrt(x))[1]", x=[0.0, 4.0])["x"], [0, 0.25])
    near(gradient("topk(sqrt(x), 1)[0]", x=[0.0, 4.0])["x"], [0, 0.25])
    near(gradient("where(sort(x) > 0, sqrt(sort(x)), 0)", x=[4.0, -1.0])["x"], [0.25, 0])


def test_ties_of_a_pool_are_pytorchs():
    near(gradient("max_pool1d(x, 2)", x=[[1.0, 1.0, 0.0, 0.0]])["x"], [[1, 0, 1, 0]])


def test_float32_throughout():
    for expr in ("eigh(a)[1]", "svd(a)[0]", "qr(a)[0]", "expm(a)", "lstsq(a, a)[0]", "sort(a)"):
        result = gradcli.evaluate(expr, {"a": [[2, 1], [0, 1]]}, seed="ones", dtype="float32")
        assert result.value.dtype == result.grad["a"].dtype == np.float32, expr


def test_attention_to_nothing_is_zero():
    expr = "scaled_dot_product_attention(x, x, x, [[False, False], [True, False]])"
    result = gradcli.evaluate(expr, {"x": [[1.0, 2.0], [3.0, 4.0]]}, seed="ones")
    near(result.value, [[0, 0], [1, 2]])
    near(result.grad["x"], [[1, 1], [0, 0]])


# --- messages ----------------------------------------------------------------------------------

WRONG = [
    ("np.split(x, 4)", ShapeError, "4 equal parts", "array_split"),
    ("gather(x, 0, [5])", ShapeError, "out of range for 3", ""),
    ("gather(x, 0, [-1])", ShapeError, "out of range", "beginning"),
    ("torch.mm(x, x)", ShapeError, r"\(3,\)", "@"),
    ("conv1d(x, [[[1., 2.]]])", ShapeError, "3 or 2 axes", ""),
    ("conv1d(stack([x]), [[[1., 2.], [3., 4.]]])", ShapeError, "1 channels", "groups"),
    ("pad(x, 1, 'mirror')", ArgumentError, "constant, edge", ""),
    ("roll(x, 1, axis=3)", ShapeError, "axis 3", ""),
    ("einsum('ij->ji', x)", ShapeError, "2 axes", ""),
    ("einsum('i->j', x)", ArgumentError, "`j` which no operand has", ""),
    ("einsum('i,i', x, [1., 2.])", ShapeError, "both 3 and 2", ""),
    ("masked_select(x, x)", ArgumentError, "booleans", "x > 0"),
    ("layer_norm(x, 2)", ShapeError, "ends in this shape", ""),
    ("linear(x, [[1., 2.]])", ShapeError, "weight", "out, in"),
    ("cholesky(x)", ShapeError, "square", ""),
    ("topk(x, 5)", ArgumentError, "no 5 elements", ""),
    ("matrix_power(x, 2)", ShapeError, "square", ""),
    ("norm(stack([x, x]), 3)", ArgumentError, "'fro' or 'nuc'", ""),
    ("cross(x, [1., 2., 3., 4.])", ShapeError, "3 components", "axis"),
    ("multi_dot([x, x, x])", ShapeError, "chain|multiply", ""),
]


@pytest.mark.parametrize(("expr", "kind", "words", "hint"), WRONG)
def test_messages_say_shapes_and_cures(expr, kind, words, hint):
    with pytest.raises(kind, match=words) as error:
        gradcli.evaluate(expr, {"x": [1.0, 2.0, 3.0]}, grad=False)
    assert hint in error.value.hint


def test_results_have_their_librarys_names():
    a = {"a": np.array([[2.0, 1.0], [1.0, 3.0]])}
    for call, part in (
        ("torch.sort(a)", "indices"),
        ("torch.max(a, 0)", "values"),
        ("torch.linalg.svd(a)", "S"),
        ("np.linalg.slogdet(a)", "logabsdet"),
        ("jnp.linalg.eigh(a)", "eigenvalues"),
        ("np.linalg.qr(a)", "R"),
        ("torch.aminmax(a)", "max"),
    ):
        whole = gradcli.evaluate(call, a, seed="ones")
        named = gradcli.evaluate(f"r = {call}; r.{part}", a, seed="ones")
        found = [np.array_equal(output.value, named.value) for output in whole.outputs]
        assert any(found), call
    with pytest.raises(gradcli.GradcliError) as caught:
        gradcli.evaluate("torch.sort(a).value", a)
    assert caught.value.hint == "did you mean `values`?"


def test_circular_padding_repeats_what_is_left():
    """As PyTorch does where it repeats once; beyond that it reads what it has not written yet."""
    x = np.array([[1.0, 2.0, 3.0]])

    def padded(pad, mode="circular"):
        return gradcli.evaluate(f"F.pad(x, {pad}, mode='{mode}')", {"x": x}, grad=False).value

    assert padded((2, -1)).tolist() == [[1.0, 2.0, 1.0, 2.0]]
    assert padded((-3, 0)).shape == (1, 0)
    for pad, mode in (((2, -2), "circular"), ((-3, 1), "circular"), ((-4, 3), "constant")):
        with pytest.raises(ShapeError, match="`pad`"):
            padded(pad, mode)
