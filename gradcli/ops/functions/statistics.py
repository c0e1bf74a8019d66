"""Averages and spreads beyond mean, var and std: weighted, without NaN, covariances."""

from __future__ import annotations

from typing import Any, NamedTuple

from gradcli.errors import ShapeError
from gradcli.graph import Node
from gradcli.ops.binding import function
from gradcli.ops.elementwise import shape_text
from gradcli.ops.functions import reductions as red
from gradcli.ops.functions import torch
from gradcli.ops.functions.products import product
from gradcli.ops.functions.reductions import SAMPLE
from gradcli.ops.functions.torch import torch_axes
from gradcli.ops.leaves import constant
from gradcli.ops.linear import concatenate, diagonal, reshape, sum_, transpose
from gradcli.ops.rows import reductions as rows
from gradcli.ops.rows.arithmetic import absolute, clip, detach, maximum, sqrt
from gradcli.ops.rows.logic import (
    equal,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    not_equal,
    where,
)
from gradcli.ops.rows.numbers import isfinite, isnan
from gradcli.ops.values import axes_of, broadcast, flag, static_number, tensor

INF = float("inf")


@function("np+jnp.average", example=f"average({SAMPLE}, axis=1, weights=[1.0, 2.0, 0.5])")
def average(
    x: Any,
    axis: Any = None,
    weights: Any = None,
    returned: Any = False,
    *,
    keepdims: Any = False,
) -> Any:
    """The mean, each element counted as often as its weight; `returned`: their sum too."""
    x = tensor(x)
    axes, keep = axes_of(axis, x.ndim), flag(keepdims, "keepdims")
    if weights is None:
        found = red.mean(x, axes, keepdims=keep)
        total = constant(float(red.count_along(x, axes)))
    else:
        w = tensor(weights)
        if w.shape != x.shape:
            if w.ndim != 1 or len(axes) != 1 or w.shape[0] != x.shape[axes[0]]:
                raise ShapeError(
                    f"`average` takes weights of shape {shape_text(x.shape)}, or a vector along "
                    f"one axis, not shape {shape_text(w.shape)}"
                )
            w = reshape(w, (*w.shape, *[1] * (-axes[0] - 1)))
        total = sum_(broadcast(w, x.shape), axes, keep)
        found = sum_(x * w, axes, keep) / total
    return (found, broadcast(total, found.shape)) if flag(returned, "returned") else found


@function("np+jnp.ptp", example=f"ptp({SAMPLE}, axis=1)")
def ptp(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """From the smallest element to the largest."""
    return red.max(x, axis, keepdims=keepdims) - red.min(x, axis, keepdims=keepdims)


class Extremes(NamedTuple):
    """What aminmax gives."""

    min: Node
    max: Node


@function("torch.aminmax", example=f"torch.aminmax({SAMPLE}, dim=1)")
def aminmax(input: Any, *, dim: Any = None, keepdim: Any = False) -> Extremes:
    """The smallest and the largest element."""
    return Extremes(torch.amin(input, dim, keepdim), torch.amax(input, dim, keepdim))


@function("torch.var_mean", example=f"torch.var_mean({SAMPLE}, dim=1)")
def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: Any = False,
    *,
    correction: Any = None,
) -> tuple[Node, Node]:
    """Variance and mean."""
    axes, _ = torch.spread_arguments(dim, unbiased, correction)
    spread = torch.var(input, dim, unbiased, keepdim, correction=correction)
    return spread, torch.mean(input, axes, keepdim)


@function("torch.std_mean", example=f"torch.std_mean({SAMPLE}, dim=1)")
def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: Any = False,
    *,
    correction: Any = None,
) -> tuple[Node, Node]:
    """Standard deviation and mean."""
    axes, _ = torch.spread_arguments(dim, unbiased, correction)
    spread = torch.std(input, dim, unbiased, keepdim, correction=correction)
    return spread, torch.mean(input, axes, keepdim)


# --- without NaN -------------------------------------------------------------------------------


def _numbers(x: Node) -> Node:
    """Where x is a number."""
    return logical_not(isnan(x))


@function("np+jnp.nansum", example=f"nansum({SAMPLE}, axis=1)")
def nansum(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """Sum of the elements that are no NaN."""
    x = tensor(x)
    return red.sum(x, axis, keepdims=keepdims, where=_numbers(x))


@function("torch.nansum", example=f"torch.nansum({SAMPLE}, dim=1)")
def torch_nansum(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """Sum of the elements that are no NaN."""
    x = tensor(input)
    return nansum(x, torch_axes(x, dim), keepdims=keepdim)


@function("np+jnp.nanprod", example=f"nanprod({SAMPLE}, axis=1)")
def nanprod(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """Product of the elements that are no NaN."""
    x = tensor(x)
    return red.prod(x, axis, keepdims=keepdims, where=_numbers(x))


@function("np+jnp.nanmean", example=f"nanmean({SAMPLE}, axis=1)")
def nanmean(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """Mean of the elements that are no NaN."""
    x = tensor(x)
    return red.mean(x, axis, keepdims=keepdims, where=_numbers(x))


@function("torch.nanmean", example=f"torch.nanmean({SAMPLE}, dim=1)")
def torch_nanmean(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """Mean of the elements that are no NaN."""
    x = tensor(input)
    return nanmean(x, torch_axes(x, dim), keepdims=keepdim)


@function("np+jnp.nanvar", example=f"nanvar({SAMPLE}, axis=1)")
def nanvar(x: Any, axis: Any = None, *, ddof: Any = 0, keepdims: Any = False) -> Node:
    """Variance of the elements that are no NaN."""
    x = tensor(x)
    return red.var(x, axis, ddof=ddof, keepdims=keepdims, where=_numbers(x))


@function("np+jnp.nanstd", example=f"nanstd({SAMPLE}, axis=1)")
def nanstd(x: Any, axis: Any = None, *, ddof: Any = 0, keepdims: Any = False) -> Node:
    """Standard deviation of the elements that are no NaN; 0 where they are equal."""
    x = tensor(x)
    return red.std(x, axis, ddof=ddof, keepdims=keepdims, where=_numbers(x))


def _nan_extreme(extreme: Any, worst: float, x: Any, axis: Any, keepdims: Any) -> Node:
    """The extreme of the numbers; NaN where there are none."""
    x = tensor(x)
    found = extreme(where(isnan(x), worst, x), axis, keepdims=keepdims)
    some = red.any(_numbers(x), axis, keepdims=keepdims)
    return where(some, found, float("nan"))


@function("np+jnp.nanmax", example=f"nanmax({SAMPLE}, axis=1)")
def nanmax(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """The largest element that is no NaN."""
    return _nan_extreme(red.max, -INF, x, axis, keepdims)


@function("np+jnp.nanmin", example=f"nanmin({SAMPLE}, axis=1)")
def nanmin(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """The smallest element that is no NaN."""
    return _nan_extreme(red.min, INF, x, axis, keepdims)


@function("np+jnp.nanargmax", example=f"nanargmax({SAMPLE}, axis=1)")
def nanargmax(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """Position of the first largest element that is no NaN."""
    x = tensor(x)
    return red.position(rows.argmax, where(isnan(x), -INF, x), axis, keepdims)


@function("np+jnp.nanargmin", example=f"nanargmin({SAMPLE}, axis=1)")
def nanargmin(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """Position of the first smallest element that is no NaN."""
    x = tensor(x)
    return red.position(rows.argmin, where(isnan(x), INF, x), axis, keepdims)


@function("np+jnp.count_nonzero", example=f"count_nonzero({SAMPLE}, axis=1)")
def count_nonzero(x: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    """How many elements are not 0."""
    return red.sum(not_equal(tensor(x), 0), axis, keepdims=keepdims)


@function("torch.count_nonzero", example=f"torch.count_nonzero({SAMPLE}, dim=1)")
def torch_count_nonzero(input: Any, dim: Any = None) -> Node:
    """How many elements are not 0."""
    x = tensor(input)
    return count_nonzero(x, torch_axes(x, dim))


# --- covariance --------------------------------------------------------------------------------


def _covariance(x: Node, ddof: float, fweights: Any, aweights: Any) -> Node:
    """Of the rows of x; weights repeat observations or say how far to trust them."""
    weights = None if fweights is None else tensor(fweights)
    if aweights is not None:
        trust = tensor(aweights)
        weights = trust if weights is None else weights * trust
    count = x.shape[-1]
    if weights is None:
        centred = x - sum_(x, (-1,), True) / constant(count)
        scaled, degrees = centred, constant(count) - float(ddof)
    else:
        if weights.shape != (count,):
            raise ShapeError(
                f"`cov` of {int(count)} observations takes as many weights, not shape "
                f"{shape_text(weights.shape)}"
            )
        total = sum_(weights, (-1,), False)
        centred = x - sum_(x * weights, (-1,), True) / total
        scaled = centred * weights
        degrees = total - ddof
        if aweights is not None and ddof:
            degrees = total - ddof * sum_(weights * tensor(aweights), (-1,), False) / total
    # As in NumPy and PyTorch, too few observations divide by 0, not by a negative number.
    return product(scaled, transpose(centred, (-1, -2))) / maximum(degrees, 0.0)


def _observations(m: Any, rowvar: Any, what: str) -> Node:
    x = tensor(m)
    if x.ndim > 2:
        raise ShapeError(f"`{what}` takes a vector or a matrix, not shape {shape_text(x.shape)}")
    if x.ndim < 2:
        return reshape(x, (1, x.size))
    return x if flag(rowvar, "rowvar") else transpose(x, (-1, -2))


def _stacked(m: Any, y: Any, rowvar: Any, what: str) -> Node:
    x = _observations(m, rowvar, what)
    if y is None:
        return x
    more = _observations(y, rowvar, what)
    if more.shape[-1] != x.shape[-1]:
        raise ShapeError(
            f"`{what}` takes as many observations of y as of x, not {int(more.shape[-1])} and "
            f"{int(x.shape[-1])}"
        )
    return concatenate([x, more], -2)


def _squeezed(c: Node) -> Node:
    """The covariance of one variable is a scalar."""
    return reshape(c, ()) if c.shape == (1, 1) else c


@function("np+jnp.cov", example=f"cov({SAMPLE}, aweights=[1.0, 2.0, 0.5])")
def cov(
    m: Any,
    y: Any = None,
    rowvar: Any = True,
    bias: Any = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Node:
    """Covariance matrix of variables that are rows (columns, if rowvar is False)."""
    correction = 1.0 - flag(bias, "bias") if ddof is None else static_number(ddof, "ddof")
    x = _stacked(m, y, rowvar, "cov")
    return _squeezed(_covariance(x, correction, fweights, aweights))


@function("torch.cov", example=f"torch.cov({SAMPLE}, correction=0)")
def torch_cov(
    input: Any, *, correction: Any = 1, fweights: Any = None, aweights: Any = None
) -> Node:
    """Covariance matrix of variables that are rows."""
    return cov(input, ddof=correction, fweights=fweights, aweights=aweights)


@function("np+jnp.corrcoef", example=f"corrcoef({SAMPLE})")
def corrcoef(x: Any, y: Any = None, rowvar: Any = True) -> Node:
    """Correlation coefficients of variables that are rows."""
    c = _covariance(_stacked(x, y, rowvar, "corrcoef"), 1.0, None, None)
    spread = sqrt(diagonal(c, 0))
    count = spread.shape[-1]
    ratio = c / reshape(spread, (count, 1)) / reshape(spread, (1, count))
    # Only roundings pass the bounds: they are no place where the function bends.
    return _squeezed(ratio + detach(clip(ratio, -1.0, 1.0) - ratio))


@function("torch.corrcoef", example=f"torch.corrcoef({SAMPLE})")
def torch_corrcoef(input: Any) -> Node:
    """Correlation coefficients of variables that are rows."""
    return corrcoef(input)


# --- equality ----------------------------------------------------------------------------------


@function("np+torch+jnp.isclose", example="isclose([1.0, 2.0], [1.0, 2.1])")
def isclose(x: Any, y: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Node:
    """Whether |x - y| is at most atol + rtol*|y|."""
    a, b = tensor(x), tensor(y)
    near = less_equal(absolute(a - b), tensor(atol) + tensor(rtol) * absolute(b))
    near = logical_or(logical_and(near, isfinite(b)), equal(a, b))
    return _or_both_nan(near, a, b, equal_nan)


def _or_both_nan(same: Node, a: Node, b: Node, equal_nan: Any) -> Node:
    if not flag(equal_nan, "equal_nan"):
        return same
    return logical_or(same, logical_and(isnan(a), isnan(b)))


@function("math.isclose", example="math.isclose([1.0, 2.0], [1.0, 2.1])")
def math_isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Node:
    """Whether |a - b| is at most rel_tol times the larger size, or abs_tol."""
    x, y = tensor(a), tensor(b)
    larger = maximum(absolute(x), absolute(y))
    near = less_equal(absolute(x - y), maximum(tensor(rel_tol) * larger, tensor(abs_tol)))
    return logical_or(equal(x, y), logical_and(near, isfinite(larger)))


@function("np+torch+jnp.allclose", example="allclose([1.0, 2.0], [1.0, 2.1])")
def allclose(x: Any, y: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Node:
    """Whether all elements are near: one answer."""
    return red.all(isclose(x, y, rtol, atol, equal_nan))


@function("np+jnp.array_equal", example="array_equal([1.0, 2.0], [1.0, 2.1])")
def array_equal(x: Any, y: Any, equal_nan: Any = False) -> Node:
    """Whether shapes and all elements are the same."""
    a, b = tensor(x), tensor(y)
    if a.shape != b.shape:
        return constant(False)
    return red.all(_or_both_nan(equal(a, b), a, b, equal_nan))
