"""Products of tensors, all lowered to the contraction row, and linear algebra on the last axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.contraction import contract, contraction_error
from gradcli.ops.custom import require_square
from gradcli.ops.elementwise import broadcast_shape, shape_text
from gradcli.ops.rows import linalg
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


@function("np+torch+jnp.matmul torch.linalg.matmul np.linalg.matmul torch.mm torch.bmm torch.mv")
def matmul(x: Any, y: Any) -> Node:
    return product(tensor(x), tensor(y), "matmul")


@function("np+jnp.dot")
def dot(x: Any, y: Any) -> Node:
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


@function("torch.dot")
def torch_dot(input: Any, other: Any) -> Node:
    a, b = tensor(input), tensor(other)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(
            f"`torch.dot` takes two vectors, not shapes {shape_text(a.shape)} and "
            f"{shape_text(b.shape)}",
            hint="`@` multiplies matrices",
        )
    return product(a, b, "dot")


@function("np+jnp.outer np+jnp.linalg.outer")
def outer(x: Any, y: Any) -> Node:
    a, b = tensor(x), tensor(y)
    a, b = linear.reshape(a, (a.size,)), linear.reshape(b, (b.size,))
    return contract(a, b, (0,), (1,), (0, 1))


@function("torch.outer")
def torch_outer(input: Any, vec2: Any) -> Node:
    a, b = tensor(input), tensor(vec2)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError("`torch.outer` takes two vectors")
    return outer(a, b)


@function("np+torch+jnp.tensordot np+jnp.linalg.tensordot")
def tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
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


@function("np+torch+jnp.einsum")
def einsum(subscripts: Any, *operands: Any) -> Node:
    if not isinstance(subscripts, str):
        raise ArgumentError('`einsum` takes its subscripts as a string, as in "ij,jk->ik"')
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)) and "," in subscripts:
        operands = tuple(operands[0])
    nodes = [tensor(operand) for operand in operands]
    terms, output = _einsum_labels(subscripts, nodes)
    parts = [_diagonals(node, labels) for node, labels in zip(nodes, terms, strict=True)]
    _check_sizes(parts, subscripts)
    for first, second in _contraction_order(parts, output):
        (b, lb), (a, la) = parts.pop(second), parts.pop(first)
        elsewhere = {label for _, labels in parts for label in labels} | set(output)
        a, la = _summed(a, la, {*lb, *elsewhere})
        b, lb = _summed(b, lb, {*la, *elsewhere})
        a, b = _aligned(a, la, b, lb)
        lo = [k for k in dict.fromkeys([*la, *lb]) if k in elsewhere]
        if not parts:
            lo = output
        parts.append((contract(a, b, tuple(la), tuple(lb), tuple(lo)), lo))
    ((result, labels),) = parts
    result, labels = _summed(result, labels, set(output))
    perm = tuple([labels.index(label) - len(labels) for label in output])
    return linear.transpose(result, perm)


def _einsum_labels(subscripts: str, nodes: list[Node]) -> tuple[list[list[int]], list[int]]:
    """Each operand's labels and the output's; an ellipsis stands for labels from -1 down."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(nodes):
        raise ArgumentError(f"`einsum` names {len(terms)} operands, and gets {len(nodes)}")
    labelled: list[list[int]] = []
    longest = 0
    for term, node in zip(terms, nodes, strict=True):
        bare = term.replace("...", "", 1)
        if not bare.isalpha() and bare:
            raise ArgumentError(f"`einsum` takes letters, commas and `...`, not `{term}`")
        dotted = node.ndim - len(bare) if "..." in term else 0
        if dotted < 0 or (len(bare) != node.ndim and "..." not in term):
            raise ShapeError(
                f"`einsum` names {len(bare)} axes of an operand of shape {shape_text(node.shape)}"
            )
        longest = max(longest, dotted)
        before, _, after = term.partition("...") if "..." in term else (term, "", "")
        labelled.append(
            [ord(c) for c in before] + list(range(-dotted, 0)) + [ord(c) for c in after]
        )
    if arrow:
        before, dots, after = right.partition("...")
        output = [ord(c) for c in before] + (list(range(-longest, 0)) if dots else [])
        output += [ord(c) for c in after]
    else:
        everything = [c for c in left if c.isalpha()]
        once = sorted({c for c in everything if everything.count(c) == 1})
        output = list(range(-longest, 0)) + [ord(c) for c in once]
    present = {label for labels in labelled for label in labels}
    if len(set(output)) != len(output) or not set(output) <= present:
        raise ArgumentError(f"`einsum` cannot give the output `{right}`")
    return labelled, output


def _check_sizes(parts: list[tuple[Node, list[int]]], subscripts: str) -> None:
    sizes: dict[int, int] = {}
    for node, labels in parts:
        for label, extent in zip(labels, node.shape, strict=True):
            known = sizes.get(label, 1)
            if known != 1 and extent != 1 and known != extent:
                shapes = " and ".join(shape_text(part.shape) for part, _ in parts)
                name = chr(label) if label > 0 else "..."
                raise ShapeError(
                    f"`einsum` cannot combine shapes {shapes} by `{subscripts}`: `{name}` would "
                    f"be both {int(known)} and {int(extent)}"
                )
            sizes[label] = max(known, extent)


def _diagonals(x: Node, labels: list[int]) -> tuple[Node, list[int]]:
    """Take the diagonal of axes that share a label."""
    while len(set(labels)) != len(labels):
        repeated = next(label for label in labels if labels.count(label) > 1)
        first = labels.index(repeated)
        second = labels.index(repeated, first + 1)
        if x.shape[first] != x.shape[second]:
            raise ShapeError(f"`einsum` takes no diagonal of shape {shape_text(x.shape)}")
        rest = [k for k in range(x.ndim) if k not in (first, second)]
        perm = tuple([k - x.ndim for k in (*rest, first, second)])
        x = linear.diagonal(linear.transpose(x, perm), 0)
        labels = [labels[k] for k in rest] + [repeated]
    return x, labels


def _summed(x: Node, labels: list[int], kept: set[int]) -> tuple[Node, list[int]]:
    """Sum over the axes whose labels are wanted nowhere else."""
    axes = tuple([k - x.ndim for k, label in enumerate(labels) if label not in kept])
    if not axes:
        return x, labels
    return linear.sum_(x, axes, False), [label for label in labels if label in kept]


def _aligned(a: Node, la: list[int], b: Node, lb: list[int]) -> tuple[Node, Node]:
    """Axes of size 1 broadcast to the size that the other operand has under their label."""

    def stretched(x: Node, labels: list[int], other: Node, others: list[int]) -> Node:
        shape = tuple(
            [
                other.shape[others.index(label)] if extent == 1 and label in others else extent
                for label, extent in zip(labels, x.shape, strict=True)
            ]
        )
        return broadcast(x, shape)

    return stretched(a, la, b, lb), stretched(b, lb, a, la)


def _contraction_order(
    parts: list[tuple[Node, list[int]]], output: list[int]
) -> list[tuple[int, int]]:
    """Pairs to contract, as NumPy's greedy path finds them for three operands and more."""
    if len(parts) < 3:
        return [(0, 1)] * (len(parts) - 1)
    arguments: list[Any] = []
    names = {label: k for k, label in enumerate({n for _, ls in parts for n in ls})}
    for node, labels in parts:
        shape = tuple([int(extent) for extent in node.shape])
        arguments += [np.broadcast_to(0.0, shape), [names[label] for label in labels]]
    path = np.einsum_path(*arguments, [names[label] for label in output], optimize="greedy")[0]
    order: list[tuple[int, int]] = []
    for step in path[1:]:
        places = sorted(step)
        while len(places) > 1:
            # A step of more than two operands is taken two at a time; the result goes to the end.
            first, second = places[0], places[1]
            order.append((first, second))
            size = len(parts) - len(order)
            places = [k - 2 for k in places[2:]] + [size - 1]
            places.sort()
    return order


@function("np+torch+jnp.linalg.inv torch.inverse")
def inv(x: Any) -> Node:
    return linalg.inv(tensor(x))


@function("np+torch+jnp.linalg.det torch.det")
def det(x: Any) -> Node:
    return linalg.det(tensor(x))


@function("np+jnp.linalg.solve")
def solve(x: Any, y: Any) -> Node:
    a, b = tensor(x), tensor(y)
    require_square("solve", a.shape)
    vector = b.ndim == 1
    if vector:
        b = linear.reshape(b, (*b.shape, 1))
    if not b.ndim or a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"`solve` cannot combine a matrix of shape {shape_text(a.shape)} with a right side of "
            f"shape {shape_text(tensor(y).shape)}"
        )
    lead = broadcast_shape([a.shape[:-2], b.shape[:-2]], "solve")
    result = linalg.solve(
        broadcast(a, (*lead, *a.shape[-2:])), broadcast(b, (*lead, *b.shape[-2:]))
    )
    return linear.reshape(result, result.shape[:-1]) if vector else result


@function("torch.linalg.solve")
def torch_solve(x: Any, y: Any) -> Node:
    """In PyTorch a right side shaped like the matrices less an axis is a stack of vectors."""
    a, b = tensor(x), tensor(y)
    if b.ndim > 1 and b.shape == a.shape[:-1]:
        return linear.reshape(solve(a, linear.reshape(b, (*b.shape, 1))), b.shape)
    return solve(a, b)


@function("adjugate")
def adjugate(x: Any) -> Node:
    return linalg.adjugate(tensor(x))
