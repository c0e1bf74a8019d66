"""Products of tensors, all lowered to the contraction row."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.contraction import contract, contraction_error
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.values import axis_of, broadcast, tensor, whole


def _labelled(a: Node, la: list[int], b: Node, lb: list[int], lo: list[int], what: str) -> Node:
    """Contract, with a clear error where two axes of one label differ in size."""
    sizes = dict(zip(la, a.shape, strict=True))
    for label, extent in zip(lb, b.shape, strict=True):
        if label in sizes and sizes[label] != extent:
            raise contraction_error(what, a, b, sizes[label], extent)
    return contract(a, b, tuple(la), tuple(lb), tuple(lo))


def product(a: Node, b: Node, what: str = "@") -> Node:
    """`a @ b`, with NumPy's rules for vectors and leading axes."""
    for operand in (a, b):
        if not operand.ndim:
            raise ShapeError(
                f"`{what}` cannot combine shapes {shape_text(a.shape)} and {shape_text(b.shape)}: "
                "a scalar has no axis to sum over",
                hint="`*` multiplies by a scalar",
            )
    lead = max(a.ndim, b.ndim, 2) - 2
    row, middle, column = lead, lead + 1, lead + 2
    lead_a, lead_b = a.shape[:-2], b.shape[:-2]
    broadcast_shape([lead_a, lead_b], what)
    la = [*range(lead - len(lead_a), lead), row, middle] if a.ndim > 1 else [middle]
    lb = [*range(lead - len(lead_b), lead), middle, column] if b.ndim > 1 else [middle]
    lo = [*range(lead)] + [row] * (a.ndim > 1) + [column] * (b.ndim > 1)
    # A leading axis of size 1 against a longer one is broadcast: it gets no label of its own.
    shared = {label: a.shape[place] for place, label in enumerate(la)}
    ones_a = [k for k, label in enumerate(la[:-2]) if label in lb and a.shape[k] == 1]
    ones_b = [k for k, label in enumerate(lb[:-2]) if shared.get(label, 1) != 1 and b.shape[k] == 1]
    ones_a = [k for k in ones_a if b.shape[lb.index(la[k])] != 1]
    a, la = _without(a, la, ones_a)
    b, lb = _without(b, lb, ones_b)
    return _labelled(a, la, b, lb, lo, what)


def _without(x: Node, labels: list[int], places: list[int]) -> tuple[Node, list[int]]:
    if not places:
        return x, labels
    kept = [k for k in range(x.ndim) if k not in places]
    return linear.reshape(x, tuple([x.shape[k] for k in kept])), [labels[k] for k in kept]


@function(
    "np+torch+jnp.matmul torch.linalg.matmul np+jnp.linalg.matmul",
    example="matmul([[1., 2.], [3., 4.]], [1., -1.])",
)
def matmul(x: Any, y: Any) -> Node:
    """Matrix product over the last two axes, as `@`."""
    return product(tensor(x), tensor(y), "matmul")


def _of_ranks(what: str, ranks: tuple[int, ...], *operands: Any) -> list[Node]:
    """Operands as tensors; raises ShapeError unless they have so many axes."""
    nodes = [tensor(operand) for operand in operands]
    if tuple([node.ndim for node in nodes]) != ranks:
        words = ["a scalar", "a vector", "a matrix", "a stack of matrices"]
        wanted = " and ".join(words[rank] for rank in ranks)
        shapes = " and ".join(shape_text(node.shape) for node in nodes)
        raise ShapeError(
            f"`{what}` takes {wanted}, not shapes {shapes}",
            hint="`@` takes all of these, and broadcasts leading axes",
        )
    return nodes


@function("torch.mm", example="mm([[1., 2.], [3., 4.]], [[1., 0.], [2., 1.]])")
def mm(input: Any, mat2: Any) -> Node:
    """Product of two matrices."""
    a, b = _of_ranks("mm", (2, 2), input, mat2)
    return product(a, b, "mm")


@function("torch.mv", example="mv([[1., 2.], [3., 4.]], [1., -1.])")
def mv(input: Any, vec: Any) -> Node:
    """Product of a matrix and a vector."""
    a, b = _of_ranks("mv", (2, 1), input, vec)
    return product(a, b, "mv")


@function("torch.bmm", example="bmm([[[1., 2.]], [[3., 4.]]], [[[1.], [2.]], [[0.], [1.]]])")
def bmm(input: Any, mat2: Any) -> Node:
    """Products of two stacks of matrices, one by one."""
    a, b = _of_ranks("bmm", (3, 3), input, mat2)
    if a.shape[0] != b.shape[0]:
        raise ShapeError(
            f"`bmm` takes two stacks of one size, not shapes {shape_text(a.shape)} and "
            f"{shape_text(b.shape)}",
            hint="`@` broadcasts leading axes",
        )
    return product(a, b, "bmm")


@function("np+jnp.dot", example="dot([1., 2., 3.], [4., 5., 6.])")
def dot(x: Any, y: Any) -> Node:
    """Sum of products over the last axis of x and the second-last (or only) one of y."""
    a, b = tensor(x), tensor(y)
    if not a.ndim or not b.ndim:
        return a * b
    if b.ndim < 2:
        return product(a, b, "dot")
    middle = a.ndim - 1
    la = list(range(a.ndim))
    lb = [a.ndim + k for k in range(b.ndim)]
    lb[-2] = middle
    lo = la[:-1] + [label for label in lb if label != middle]
    return _labelled(a, la, b, lb, lo, "dot")


@function("torch.dot torch.vdot", example="torch.dot([1., 2., 3.], [4., 5., 6.])")
def torch_dot(input: Any, tensor: Any) -> Node:
    """Sum of the products of two vectors."""
    a, b = _of_ranks("dot", (1, 1), input, tensor)
    return product(a, b, "dot")


@function("np+jnp.vdot", example="vdot([[1., 2.], [3., 4.]], [[1., 0.], [2., 1.]])")
def vdot(a: Any, b: Any) -> Node:
    """Sum of the products of all elements, in row-major order."""
    x, y = tensor(a), tensor(b)
    x, y = linear.reshape(x, (x.size,)), linear.reshape(y, (y.size,))
    return _labelled(x, [0], y, [0], [], "vdot")


def _lane_products(x: Node, y: Node, axis: Any) -> Node:
    lanes = []
    for operand in (x, y):
        place = axis_of(axis, operand.ndim)
        rest = [k for k in range(-operand.ndim, 0) if k != place]
        lanes.append(linear.transpose(operand, (*rest, place)))
    a, b = lanes
    row = linear.reshape(a, (*a.shape[:-1], 1, a.shape[-1]))
    result = product(row, linear.reshape(b, (*b.shape, 1)), "vecdot")
    return linear.reshape(result, result.shape[:-2])


@function("np+jnp.vecdot np+jnp.linalg.vecdot", example="vecdot([[1., 2.], [3., 4.]], [1., -1.])")
def vecdot(x1: Any, x2: Any, axis: Any = -1) -> Node:
    """Dot products along an axis of each operand; the other axes are broadcast."""
    return _lane_products(tensor(x1), tensor(x2), axis)


@function("torch.linalg.vecdot", example="torch.linalg.vecdot([[1., 2.], [3., 4.]], [1., -1.])")
def torch_vecdot(x: Any, y: Any, dim: Any = -1) -> Node:
    """Dot products along a dimension, after broadcasting."""
    a, b = tensor(x), tensor(y)
    shape = broadcast_shape([a.shape, b.shape], "vecdot")
    return _lane_products(broadcast(a, shape), broadcast(b, shape), dim)


@function("np+torch+jnp.inner", example="inner([[1., 2.], [3., 4.]], [1., -1.])")
def inner(x: Any, y: Any) -> Node:
    """Sum of products over the last axis of both."""
    a, b = tensor(x), tensor(y)
    if not a.ndim or not b.ndim:
        return a * b
    la = list(range(a.ndim))
    lb = [*range(a.ndim, a.ndim + b.ndim - 1), a.ndim - 1]
    return _labelled(a, la, b, lb, la[:-1] + lb[:-1], "inner")


@function("np+jnp.outer", example="outer([1., 2., 3.], [4., 5.])")
def outer(x: Any, y: Any) -> Node:
    """Products of every element of x with every element of y."""
    a, b = tensor(x), tensor(y)
    a, b = linear.reshape(a, (a.size,)), linear.reshape(b, (b.size,))
    return contract(a, b, (0,), (1,), (0, 1))


@function(
    "torch.outer torch.ger np+jnp.linalg.outer", example="torch.outer([1., 2., 3.], [4., 5.])"
)
def outer_of_vectors(input: Any, vec2: Any) -> Node:
    """Products of every element of one vector with every element of another."""
    return outer(*_of_ranks("outer", (1, 1), input, vec2))


@function(
    "np+torch+jnp.tensordot np+jnp.linalg.tensordot",
    example="tensordot([[1., 2.], [3., 4.]], [[1., 0.], [2., 1.]], axes=1)",
)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
    """Sum of products over the last axes of a and the first of b, or over axes named in pairs."""
    x, y = tensor(a), tensor(b)
    if isinstance(axes, (tuple, list)):
        if len(axes) != 2:
            raise ArgumentError("`tensordot` takes a number or two lists of axes")
        sides = [side if isinstance(side, (tuple, list)) else (side,) for side in axes]
        left = [axis_of(axis, x.ndim, "axes") + x.ndim for axis in sides[0]]
        right = [axis_of(axis, y.ndim, "axes") + y.ndim for axis in sides[1]]
    else:
        count = whole(axes, "axes")
        if not 0 <= count <= min(x.ndim, y.ndim):
            raise ArgumentError(f"`tensordot` cannot sum over {count} axes of these operands")
        left, right = list(range(x.ndim - count, x.ndim)), list(range(count))
    if len(set(left)) != len(left) or len(set(right)) != len(right):
        raise ArgumentError("`tensordot` names an axis twice")
    if len(left) != len(right):
        raise ArgumentError("`tensordot` needs as many axes of one operand as of the other")
    la = list(range(x.ndim))
    lb = [x.ndim + k for k in range(y.ndim)]
    for first, second in zip(left, right, strict=True):
        lb[second] = first
    lo = [label for label in la if label not in left] + [label for label in lb if label >= x.ndim]
    return _labelled(x, la, y, lb, lo, "tensordot")
