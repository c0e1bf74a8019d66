"""einsum, in every form that the libraries take, lowered to contractions of two operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.contraction import contract
from gradcli.ops.elementwise import shape_text
from gradcli.ops.values import broadcast, tensor, whole

Part = tuple[Node, list[int]]
"""An operand and the label of each of its axes; those of an ellipsis count up from -rank to -1."""

DOTS = None
"""Stands for an ellipsis among the labels of a term."""


@function("np.einsum", example="einsum('ij,jk->ik', [[1., 2.], [3., 4.]], [[1., 0.], [2., 1.]])")
def einsum(*operands: Any, optimize: Any = False) -> Node:
    """Sum of products by subscripts: a string, or lists of labels between the operands."""
    return _einsum(operands, optimize, bool(optimize))


@function("jnp.einsum", example="jnp.einsum('ij,j', [[1., 2.], [3., 4.]], [1., -1.])")
def jax_einsum(*operands: Any, optimize: Any = "auto") -> Node:
    """As NumPy's; axes of an ellipsis that the output leaves out are summed."""
    return _einsum(operands, optimize, True)


@function("torch.einsum", example="torch.einsum('ij,j', [[1., 2.], [3., 4.]], [1., -1.])")
def torch_einsum(*operands: Any) -> Node:
    """As NumPy's; the operands may be a list."""
    if len(operands) == 2 and isinstance(operands[1], (list, tuple)):
        if isinstance(operands[0], str):
            operands = (operands[0], *operands[1])
    return _einsum(operands, False, True)


def _einsum(operands: tuple[Any, ...], optimize: Any, sums_dots: bool) -> Node:
    nodes, terms, output = _arguments(operands)
    labelled, target = _labels(nodes, terms, output, sums_dots)
    parts = [_diagonals(node, labels) for node, labels in zip(nodes, labelled, strict=True)]
    written = f" by `{operands[0]}`" if isinstance(operands[0], str) else ""
    _check_sizes(parts, terms, written)
    for first, second in _contraction_order(parts, target, optimize):
        (b, lb), (a, la) = parts.pop(second), parts.pop(first)
        elsewhere = {label for _, labels in parts for label in labels} | set(target)
        a, la = _summed(a, la, {*lb, *elsewhere})
        b, lb = _summed(b, lb, {*la, *elsewhere})
        a, b = _aligned(a, la, b, lb)
        lo = [k for k in dict.fromkeys([*la, *lb]) if k in elsewhere]
        if not parts:
            lo = target
        parts.append((contract(a, b, tuple(la), tuple(lb), tuple(lo)), lo))
    ((result, labels),) = parts
    result, labels = _summed(result, labels, set(target))
    perm = tuple([labels.index(label) - len(labels) for label in target])
    return linear.transpose(result, perm)


Terms = list[list[int | None]]


def _arguments(operands: tuple[Any, ...]) -> tuple[list[Node], Terms, list[int | None] | None]:
    """Operands, the labels of each, and those of the output where they are given."""
    if not operands:
        raise ArgumentError('`einsum` needs subscripts and operands, as in `einsum("ij->ji", a)`')
    if isinstance(operands[0], str):
        left, arrow, right = operands[0].replace(" ", "").partition("->")
        terms = [_letters(term) for term in left.split(",")]
        nodes = [tensor(operand) for operand in operands[1:]]
        output = _letters(right) if arrow else None
    else:
        count = len(operands) // 2
        nodes = [tensor(operand) for operand in operands[: 2 * count : 2]]
        terms = [_sublist(labels) for labels in operands[1 : 2 * count : 2]]
        output = _sublist(operands[-1]) if len(operands) % 2 else None
    if not nodes:
        raise ArgumentError("`einsum` needs operands", hint='as in `einsum("ij->ji", a)`')
    if len(terms) != len(nodes):
        raise ArgumentError(f"`einsum` names {len(terms)} operands, and gets {len(nodes)}")
    return nodes, terms, output


def _letters(term: str) -> list[int | None]:
    before, dots, after = term.partition("...")
    bare = before + after
    if bare and not (bare.isascii() and bare.isalpha()):
        raise ArgumentError(f"`einsum` takes letters, commas and `...`, not `{term}`")
    return [
        *[ord(letter) for letter in before],
        *([DOTS] if dots else []),
        *[ord(letter) for letter in after],
    ]


def _sublist(labels: Any) -> list[int | None]:
    if not isinstance(labels, (list, tuple)):
        raise ArgumentError(
            "`einsum` takes subscripts as a string, or a list of labels after each operand",
            hint='as in `einsum("ij,jk", a, b)` or `einsum(a, [0, 1], b, [1, 2])`',
        )
    found = [DOTS if label is Ellipsis else whole(label, "a label") for label in labels]
    if found.count(DOTS) > 1 or any(label is not None and not 0 <= label < 52 for label in found):
        raise ArgumentError("labels of `einsum` are numbers from 0 to 51, and `...` once")
    return found


def _name(label: int | None, terms: Terms) -> str:
    """A label as it was written."""
    if label is None or label < 0:
        return "..."
    numbered = any(known is not None and known < 52 for term in terms for known in term)
    return str(label) if numbered else chr(label)


def _labels(
    nodes: list[Node], terms: Terms, output: list[int | None] | None, sums_dots: bool
) -> tuple[list[list[int]], list[int]]:
    """Each operand's labels and the output's, with ellipses written out."""
    labelled: list[list[int]] = []
    longest = 0
    for term, node in zip(terms, nodes, strict=True):
        named = len([label for label in term if label is not None])
        dotted = node.ndim - named if DOTS in term else 0
        if dotted < 0 or (named != node.ndim and DOTS not in term):
            raise ShapeError(
                f"`einsum` names {named} axes of an operand of shape {shape_text(node.shape)}"
            )
        longest = max(longest, dotted)
        labelled.append(_written_out(term, dotted))
    everything = [label for labels in labelled for label in labels]
    if output is None:
        once = sorted({label for label in everything if everything.count(label) == 1})
        target = [*range(-longest, 0), *[label for label in once if label >= 0]]
    else:
        target = _written_out(output, longest)
        missing = [label for label in target if label not in everything]
        if missing or len(set(target)) != len(target):
            wrong = missing or [label for label in target if target.count(label) > 1]
            why = "which no operand has" if missing else "more than once"
            raise ArgumentError(f"the output of `einsum` names `{_name(wrong[0], terms)}` {why}")
        if longest and DOTS not in output and not sums_dots:
            raise ArgumentError(
                f"the output of `einsum` leaves out the {longest} axes that `...` stands for",
                hint="name `...` in the output; `sum` adds up axes",
            )
    return labelled, target


def _written_out(term: list[int | None], dotted: int) -> list[int]:
    labels: list[int] = []
    for label in term:
        labels += range(-dotted, 0) if label is None else [label]
    return labels


def _check_sizes(parts: list[Part], terms: Terms, written: str) -> None:
    sizes: dict[int, int] = {}
    for node, labels in parts:
        for label, extent in zip(labels, node.shape, strict=True):
            known = sizes.get(label, 1)
            if known != 1 and extent != 1 and known != extent:
                shapes = " and ".join(shape_text(part.shape) for part, _ in parts)
                name = _name(label, terms)
                raise ShapeError(
                    f"`einsum` cannot combine shapes {shapes}{written}: `{name}` would be both "
                    f"{int(known)} and {int(extent)}"
                )
            sizes[label] = max(known, extent)


def _diagonals(x: Node, labels: list[int]) -> Part:
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


def _summed(x: Node, labels: list[int], kept: set[int]) -> Part:
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
    parts: list[Part], output: list[int], optimize: Any
) -> list[tuple[int, int]]:
    """Pairs to contract, as NumPy's path finds them for three operands and more.

    The path is the greedy one where `optimize` names no other; a path may be given as a list.
    """
    given = optimize
    if isinstance(optimize, (list, tuple)):
        given = [tuple(step) if isinstance(step, list) else step for step in optimize]
        if given[:1] != ["einsum_path"]:
            given = ["einsum_path", *given]
    elif optimize not in ("optimal", "greedy"):
        if not isinstance(optimize, (bool, int)) and optimize not in ("auto", "auto-hq", "dp"):
            raise ArgumentError("`optimize` is True, False, 'greedy', 'optimal' or a path")
        given = "greedy"
    if len(parts) < 3:
        return [(0, 1)] * (len(parts) - 1)
    arguments: list[Any] = []
    names = {label: k for k, label in enumerate({n for _, ls in parts for n in ls})}
    for node, labels in parts:
        shape = tuple([int(extent) for extent in node.shape])
        arguments += [np.broadcast_to(0.0, shape), [names[label] for label in labels]]
    try:
        wanted = [names[label] for label in output]
        path = np.einsum_path(*arguments, wanted, optimize=given)[0]
    except (RuntimeError, TypeError, ValueError, IndexError):
        raise ArgumentError(
            f"this is no path for {len(parts)} operands",
            hint="a path is pairs of operands, as in `optimize=[(0, 1), (0, 1)]`",
        ) from None
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
