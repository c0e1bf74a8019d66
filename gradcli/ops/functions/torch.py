"""PyTorch's own signatures of the functions that most programs use, over the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError
from gradcli.graph import OPS, Node
from gradcli.ops.binding import function
from gradcli.ops.functions import reductions as red
from gradcli.ops.functions.reductions import SAMPLE
from gradcli.ops.leaves import constant
from gradcli.ops.linear import reshape
from gradcli.ops.rows import arithmetic, exponential, logic
from gradcli.ops.rows.reductions import argmax, argmin
from gradcli.ops.several import Picked
from gradcli.ops.values import axes_of, axis_of, flag, shown, static_number, tensor, whole

if TYPE_CHECKING:
    from collections.abc import Callable


def torch_axes(x: Node, dim: Any) -> tuple[int, ...]:
    """Axes as PyTorch counts them: none named are all, and a 0-d tensor may be called to have one.

    Raises ArgumentError where there is none such.
    """
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(-x.ndim, 0))
    if not x.ndim:
        axes_of(dim, 1, "dim")
        return ()
    return axes_of(dim, x.ndim, "dim")


def along(call: Callable[[Node, int], Any], x: Node, dim: Any) -> Any:
    """`call(x, axis)` for one dim; a 0-d tensor is taken as a vector of one element."""
    if x.ndim:
        return call(x, axis_of(dim, x.ndim, "dim"))
    axis_of(dim, 1, "dim")
    found = call(reshape(x, (1,)), -1)
    if isinstance(found, tuple):
        made: Any = type(found)
        return made(*[reshape(part, ()) for part in found])
    return reshape(found, ())


# --- arithmetic --------------------------------------------------------------------------------


def _scaled(other: Any, alpha: Any) -> Node:
    return tensor(other) if alpha is None else tensor(alpha) * tensor(other)


@function("torch.add", example="torch.add([1.0, 2.0], [3.0, 5.0], alpha=2)")
def add(input: Any, other: Any, *, alpha: Any = None) -> Node:
    """The sum input + alpha*other."""
    return tensor(input) + _scaled(other, alpha)


@function("torch.sub torch.subtract", example="torch.sub([1.0, 2.0], [3.0, 5.0], alpha=2)")
def sub(input: Any, other: Any, *, alpha: Any = None) -> Node:
    """The difference input - alpha*other."""
    return tensor(input) - _scaled(other, alpha)


@function(
    "torch.div torch.divide torch.true_divide",
    example="torch.div([7.0, -7.0], [2.1, 2.1], rounding_mode=None)",
)
def div(input: Any, other: Any, *, rounding_mode: Any = None) -> Node:
    """The quotient, rounded towards 0 or down where asked."""
    a, b = tensor(input), tensor(other)
    if rounding_mode is None:
        return a / b
    if rounding_mode == "floor":
        return arithmetic.floor_divide(a, b)
    if rounding_mode == "trunc":
        found: Node = OPS["trunc"](a / b)
        return found
    raise ArgumentError(f"rounding_mode is None, 'trunc' or 'floor', not {shown(rounding_mode)}")


@function("torch.equal", example="torch.equal([1.0, 2.0], [1.0, 2.1])")
def equal(input: Any, other: Any) -> Node:
    """Whether shapes and all elements are the same: one answer, not one for each element."""
    a, b = tensor(input), tensor(other)
    return red.all(logic.equal(a, b)) if a.shape == b.shape else constant(False)


# --- reductions --------------------------------------------------------------------------------


@function("torch.sum", example=f"torch.sum({SAMPLE}, dim=1)")
def sum(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """Sum of the elements over dims."""
    x = tensor(input)
    return red.sum(x, torch_axes(x, dim), keepdims=keepdim)


@function("torch.mean", example=f"torch.mean({SAMPLE}, dim=1)")
def mean(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """Mean of the elements over dims."""
    x = tensor(input)
    return red.mean(x, torch_axes(x, dim), keepdims=keepdim)


@function("torch.prod", example=f"torch.prod({SAMPLE}, dim=1)")
def prod(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """Product of all elements, or along a dim."""
    x = tensor(input)
    axes = torch_axes(x, None if dim is None else whole(dim, "dim"))
    return red.prod(x, axes, keepdims=keepdim)


def spread_arguments(dim: Any, unbiased: Any, correction: Any) -> tuple[Any, float]:
    """Dim and correction of PyTorch's ways to call var: (dim), (unbiased), (dim, unbiased)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None:
        return dim, float(flag(unbiased, "unbiased"))
    return dim, 1.0 if correction is None else static_number(correction, "correction")


@function("torch.var", example=f"torch.var({SAMPLE}, dim=1, correction=0)")
def var(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: Any = False,
    *,
    correction: Any = None,
) -> Node:
    """Mean squared deviation from the mean, with n - 1 for n unless told."""
    x = tensor(input)
    dim, ddof = spread_arguments(dim, unbiased, correction)
    return red.var(x, torch_axes(x, dim), ddof=ddof, keepdims=keepdim)


@function("torch.std", example=f"torch.std({SAMPLE}, dim=1)")
def std(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: Any = False,
    *,
    correction: Any = None,
) -> Node:
    """Root of the mean squared deviation, with n - 1 for n unless told."""
    x = tensor(input)
    dim, ddof = spread_arguments(dim, unbiased, correction)
    return red.std(x, torch_axes(x, dim), ddof=ddof, keepdims=keepdim)


@function("torch.amax", example=f"torch.amax({SAMPLE}, dim=1)")
def amax(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """The largest element over dims; ties share the derivative."""
    x = tensor(input)
    return red.max(x, torch_axes(x, dim), keepdims=keepdim)


@function("torch.amin", example=f"torch.amin({SAMPLE}, dim=1)")
def amin(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """The smallest element over dims; ties share the derivative."""
    x = tensor(input)
    return red.min(x, torch_axes(x, dim), keepdims=keepdim)


def _extreme(extreme: Any, place: Any, pairwise: Any, args: Any) -> Any:
    x, dim, keepdim, other = args
    if other is not None or isinstance(dim, (Node, list)):
        return pairwise(tensor(x), tensor(dim if other is None else other))
    if dim is None:
        return extreme(x, None)
    keep = flag(keepdim, "keepdim")

    def picked(x: Node, axis: int) -> Picked:
        # Along a dim PyTorch takes the first position, whose element gets the whole derivative.
        where = place(x, axis, True)
        values = OPS["take_along"](x, where, axis)
        if not keep:
            kept = tuple([n for k, n in enumerate(x.shape) if k - x.ndim != axis])
            values, where = reshape(values, kept), reshape(where, kept)
        return Picked(values, where)

    return along(picked, tensor(x), dim)


@function("torch.max", example=f"torch.max({SAMPLE}, 1)")
def max(input: Any, dim: Any = None, keepdim: Any = False, other: Any = None) -> Any:
    """The largest element; along a dim with its position; of two tensors the larger ones."""
    return _extreme(red.max, argmax, arithmetic.maximum, (input, dim, keepdim, other))


@function("torch.min", example=f"torch.min({SAMPLE}, 1)")
def min(input: Any, dim: Any = None, keepdim: Any = False, other: Any = None) -> Any:
    """The smallest element; along a dim with its position; of two tensors the smaller ones."""
    return _extreme(red.min, argmin, arithmetic.minimum, (input, dim, keepdim, other))


def _position(row: Any, x: Node, dim: Any, keepdim: Any) -> Any:
    if dim is None:
        return red.position(row, x, None, keepdim)
    return along(lambda x, axis: red.position(row, x, axis, keepdim), x, dim)


@function("torch.argmax", example=f"torch.argmax({SAMPLE}, dim=1)")
def torch_argmax(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """Position of the first largest element."""
    node: Node = _position(argmax, tensor(input), dim, keepdim)
    return node


@function("torch.argmin", example=f"torch.argmin({SAMPLE}, dim=1)")
def torch_argmin(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """Position of the first smallest element."""
    node: Node = _position(argmin, tensor(input), dim, keepdim)
    return node


@function("torch.all", example=f"torch.all({SAMPLE}, dim=1)")
def all(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """Whether all elements hold."""
    x = tensor(input)
    return red.all(x, torch_axes(x, dim), keepdims=keepdim)


@function("torch.any", example=f"torch.any({SAMPLE}, dim=1)")
def any(input: Any, dim: Any = None, keepdim: Any = False) -> Node:
    """Whether any element holds."""
    x = tensor(input)
    return red.any(x, torch_axes(x, dim), keepdims=keepdim)


@function("torch.cumsum", example=f"torch.cumsum({SAMPLE}, dim=1)")
def cumsum(input: Any, dim: Any) -> Node:
    """Running sum along a dim."""
    node: Node = along(red.cumsum, tensor(input), dim)
    return node


# --- softmax -----------------------------------------------------------------------------------


@function("torch.logsumexp torch.special.logsumexp", example=f"torch.logsumexp({SAMPLE}, dim=1)")
def logsumexp(input: Any, dim: Any, keepdim: Any = False) -> Node:
    """log(sum(exp(x))) over dims, without overflow."""
    x = tensor(input)
    node: Node = red.logsumexp(x, torch_axes(x, dim), keepdims=keepdim)
    return node


def _softmax(call: Any, input: Any, dim: Any) -> Node:
    x = tensor(input)
    if dim is None:
        # As the functional form without dim does: 0 for ranks 0, 1 and 3, else 1.
        dim = 0 if x.ndim in (0, 1, 3) else 1
    node: Node = along(call, x, dim)
    return node


@function("F.softmax", example=f"F.softmax({SAMPLE}, dim=1)")
def functional_softmax(input: Any, dim: Any = None) -> Node:
    """exp(x)/sum(exp(x)) along a dim."""
    return _softmax(red.softmax, input, dim)


@function("F.log_softmax", example=f"F.log_softmax({SAMPLE}, dim=1)")
def functional_log_softmax(input: Any, dim: Any = None) -> Node:
    """Logarithm of softmax along a dim."""
    return _softmax(red.log_softmax, input, dim)


@function("torch.softmax torch.special.softmax", example=f"torch.softmax({SAMPLE}, dim=1)")
def softmax(input: Any, dim: Any) -> Node:
    """exp(x)/sum(exp(x)) along a dim."""
    return _softmax(red.softmax, input, dim)


@function(
    "torch.log_softmax torch.special.log_softmax", example=f"torch.log_softmax({SAMPLE}, dim=1)"
)
def log_softmax(input: Any, dim: Any) -> Node:
    """Logarithm of softmax along a dim, without loss of digits."""
    return _softmax(red.log_softmax, input, dim)


@function("F.softplus", example="F.softplus([-1.5, 0.6, 30.0], beta=0.7)")
def softplus(input: Any, beta: Any = 1, threshold: Any = 20) -> Node:
    """log(1 + exp(beta*x))/beta, and x itself where beta*x is above the threshold."""
    x, scale = tensor(input), tensor(beta)
    scaled = x * scale
    curve = exponential.softplus(scaled) / scale
    return logic.where(logic.greater(scaled, tensor(threshold)), x, curve)


@function("torch.clip torch.clamp", example="torch.clamp([-2.0, 0.5, 3.0], min=0)")
def clamp(input: Any, min: Any = None, max: Any = None) -> Node:
    """Kept between two bounds, one of which may be left out."""
    if min is None and max is None:
        raise ArgumentError("`clamp` needs a lower or an upper bound")
    return red.clip(input, min, max)
