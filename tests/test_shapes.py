"""Shapes and values against NumPy over generated shapes, gradients against what they add up to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import gradcli
from gradcli.errors import ShapeError

SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
FULL = st.lists(st.integers(1, 3), max_size=3).map(tuple)


def array(shape, start=1.0):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape) * 0.5 + start


@settings(max_examples=150, deadline=None)
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0))
def test_broadcasting(shapes):
    a, b = (array(shape) for shape in shapes.input_shapes)
    result = gradcli.evaluate("a*b + a", {"a": a, "b": b}, seed="ones")
    assert np.array_equal(result.value, a * b + a)
    ones = np.ones(result.value.shape)
    for name, (own, other) in {"a": (a, b + 1), "b": (b, a)}.items():
        full = ones * other
        extra = tuple(range(full.ndim - own.ndim))
        kept = full.sum(extra)
        thin = tuple(k for k in range(own.ndim) if own.shape[k] == 1 and kept.shape[k] != 1)
        np.testing.assert_allclose(result.grad[name], kept.sum(thin, keepdims=True))
        assert result.grad[name].shape == own.shape


@settings(max_examples=100, deadline=None)
@given(SHAPES, SHAPES)
def test_what_numpy_does_not_broadcast_is_an_error(first, second):
    try:
        np.broadcast_shapes(first, second)
    except ValueError:
        with pytest.raises(ShapeError):
            gradcli.evaluate("a + b", {"a": array(first), "b": array(second)}, grad=False)
    else:
        a, b = array(first), array(second)
        assert np.array_equal(gradcli.evaluate("a + b", {"a": a, "b": b}, grad=False).value, a + b)


REDUCTIONS = ["sum", "mean", "prod", "max", "min", "var", "std"]


@settings(max_examples=200, deadline=None)
@given(FULL, st.data(), st.sampled_from(REDUCTIONS), st.booleans())
def test_reductions(shape, data, name, keepdims):
    x = np.sin(array(shape) * 7) + 2
    rank = len(shape)
    choices = st.lists(st.integers(-rank, rank - 1), max_size=rank, unique_by=lambda k: k % rank)
    axis = data.draw(st.none() if rank == 0 else st.one_of(st.none(), choices.map(tuple)))
    expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    expr = f"{name}(x, axis={axis}, keepdims={keepdims})"
    result = gradcli.evaluate(expr, {"x": x}, seed="ones")
    np.testing.assert_allclose(result.value, expected, rtol=1e-13, atol=1e-13)
    assert result.value.shape == np.shape(expected)
    # Each of these is homogeneous: <x, grad> is the degree times the value (Euler).
    degree = {"prod": x.size // max(np.size(expected), 1), "var": 2}.get(name, 1)
    np.testing.assert_allclose(
        np.sum(x * result.grad["x"]), degree * np.sum(expected), rtol=1e-10, atol=1e-10
    )


MATMULS = st.tuples(FULL, st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), FULL)


@settings(max_examples=150, deadline=None)
@given(MATMULS, st.booleans(), st.booleans())
def test_matmul(sizes, vector_a, vector_b):
    lead_a, n, k, m, lead_b = sizes
    lead_a, lead_b = lead_a[:2], lead_b[:2]
    a = array((k,) if vector_a else (*lead_a, n, k))
    b = array((k,) if vector_b else (*lead_b, k, m), 2.0)
    try:
        expected = a @ b
    except ValueError:
        with pytest.raises(ShapeError):
            gradcli.evaluate("a @ b", {"a": a, "b": b}, grad=False)
        return
    result = gradcli.evaluate("a @ b", {"a": a, "b": b}, seed="ones")
    np.testing.assert_allclose(result.value, expected, rtol=1e-13)
    assert result.value.shape == np.shape(expected)
    for name, own in (("a", a), ("b", b)):
        assert result.grad[name].shape == own.shape
        np.testing.assert_allclose(np.sum(own * result.grad[name]), np.sum(expected), rtol=1e-12)


EINSUMS = [
    "ij,jk->ik", "ij,jk", "ij->ji", "ii->i", "ii", "ij->", "i,j->ij", "ijk,kj->i", "bij,bjk->bik",
    "...ij,...jk->...ik", "i...,i...->...", "ij,jk,kl->il", "ij,ij->ij", "ij,kl->ijkl", "iij->j",
    "ab,bc,cd,de->ae", "i,i,i->", "ij,j->", "ba", "...a->a...",
]  # fmt: skip


@pytest.mark.parametrize("spec", EINSUMS)
def test_einsum(spec):
    terms = spec.replace(" ", "").split("->")[0].split(",")
    sizes = {letter: 2 + k % 2 for k, letter in enumerate("abcdeijkl")}
    arrays = []
    for place, term in enumerate(terms):
        bare = term.replace("...", "")
        extra = (2,) if "..." in term else ()
        shape = [sizes[letter] for letter in bare]
        at = term.find("...") if extra else 0
        shape[at:at] = extra
        arrays.append(np.sin(array(tuple(shape), 1.0 + place)))
    expected = np.einsum(spec, *arrays)
    names = [f"x{k}" for k in range(len(arrays))]
    expr = f"einsum('{spec}', {', '.join(names)})"
    result = gradcli.evaluate(expr, dict(zip(names, arrays, strict=True)), seed="ones")
    np.testing.assert_allclose(result.value, expected, rtol=1e-12, atol=1e-12)
    for name, own in zip(names, arrays, strict=True):
        np.testing.assert_allclose(
            np.sum(own * result.grad[name]), np.sum(expected), rtol=1e-10, atol=1e-10
        )
