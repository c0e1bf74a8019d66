"""Contractions: scalars, transposes and repetition taken out, sums taken in, outer products."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gradcli.algebra.engine import rewrite
from gradcli.algebra.match import filled, is_one, is_scalar, is_sum, permuted
from gradcli.algebra.terms import ONE, Product
from gradcli.graph import OPS, Dim, Node
from gradcli.ops.contraction import contract
from gradcli.ops.family import build
from gradcli.ops.leaves import constant, full_

if TYPE_CHECKING:
    from gradcli.algebra.terms import Factors, Terms

    Axes = tuple[int, ...]
    Labels = tuple[int, ...]


def spread(x: Node, labels: Labels, wanted: Labels, sizes: dict[int, int]) -> Node:
    """A node with axes for all the wanted labels; those it lacks are repeated."""
    moved = permuted(x, labels, tuple([label for label in wanted if label in labels]))
    extents = iter(moved.shape)
    shape = tuple([next(extents) if label in labels else 1 for label in wanted])
    whole = tuple([sizes[label] for label in wanted])
    if moved.ndim == 0:
        return filled(moved, whole)
    return filled(OPS["reshape"](moved, shape), whole)


def label_sizes(node: Node) -> dict[int, int]:
    """The size of each label of a contraction."""
    sizes: dict[int, int] = {}
    for labels, operand in zip(node.params, node.inputs, strict=False):
        for label, size in zip(labels, operand.shape, strict=True):
            if label not in sizes or isinstance(size, Dim):
                sizes[label] = size
    return sizes


@rewrite(
    "scalar out of a contraction",
    "contract",
    {
        "(2*x) @ y": "2*(x @ y)",
        "A @ (s*x)": "s*A @ x",
        "(-A) @ (3*B)": "-3*A @ B",
        "(A/s) @ x": "A @ x/s",
        "einsum(',ij->ji', s, A)": "s*A.T",
    },
)
def scalar_out(node: Node, terms: Terms) -> Node | None:
    """Numbers and scalars multiply the result; a product with a scalar is no contraction."""
    if node.kind != "real":
        return None
    outer = Product(ONE, {}, ())
    operands: list[Node] = []
    for x in node.inputs:
        whole = terms.product(x)
        scalars = {k: f for k, f in whole.factors.items() if is_scalar(*f)}
        rest = {k: f for k, f in whole.factors.items() if k not in scalars}
        if not rest or (not scalars and whole.coef == 1) or whole.coef == 0:
            operands.append(x)
            continue
        outer = terms.times(outer, Product(whole.coef, scalars, ()), ())
        operands.append(terms.build(Product(ONE, rest, x.shape)))
    la, lb, lo = node.params
    if not la or not lb:
        place = 0 if not la else 1
        scalar, other = operands[place], operands[1 - place]
        moved = permuted(other, node.params[1 - place], lo)
        both = terms.times(terms.product(scalar), terms.product(moved), node.shape)
        return terms.build(terms.times(outer, both, node.shape))
    if outer.coef == 1 and not outer.factors:
        return None
    inner = contract(operands[0], operands[1], la, lb, lo)
    return terms.build(terms.times(outer, terms.product(inner), node.shape))


@rewrite(
    "difference as it was written",
    "contract",
    {"grad(-(x - y) @ A @ (x - y), x)": "-(A + A.T) @ (x - y)"},
    after="product",
)
def written_difference(node: Node, terms: Terms) -> Node | None:
    """`y - x`, where a person wrote `x - y`: with its sign outside."""
    for place, x in enumerate(node.inputs):
        if not is_sum(x) or terms.key(x) in terms.as_written:
            continue
        turned = terms.build_sum([part.scaled(Fraction(-1)) for part in terms.sum(x)], x.shape)
        if turned.shape == x.shape and terms.key(turned) in terms.as_written:
            operands = [turned if k == place else y for k, y in enumerate(node.inputs)]
            return -build(node.op, tuple(operands), node.params)
    return None


@rewrite(
    "transpose in a contraction",
    "contract",
    {
        "einsum('ji,j->i', A.T, x)": "A @ x",
        "A.T @ B.T": "A.T @ B.T",
        "einsum('ij,kj->ik', A, B.T)": "A @ B",
    },
)
def transposed_operand(node: Node, terms: Terms) -> Node | None:
    """Labels instead of transposes."""
    labels = list(node.params[:2])
    operands = list(node.inputs)
    for place, x in enumerate(node.inputs):
        if x.op.name == "transpose":
            (inner,), (perm,) = x.inputs, x.params
            own: list[int] = [0] * len(perm)
            for label, axis in zip(labels[place], perm, strict=True):
                own[axis] = label
            operands[place], labels[place] = inner, tuple(own)
    if operands == list(node.inputs):
        return None
    return contract(operands[0], operands[1], labels[0], labels[1], node.params[2])


@rewrite(
    "repeated operand of a contraction",
    "contract",
    {
        "A @ ones(3)": "sum(A, axis=1)",
        "outer(ones(3), x)": "outer(ones(3), x)",
        "broadcast_to(x, (3, 3)) @ y": "(x @ y)*ones(3)",
        "A @ broadcast_to(x[:, None], (3, 2))": "outer(A @ x, ones(2))",
        "x @ ones(3)": "sum(x)",
        "ones(3) @ ones(3)": "3",
    },
)
def repeated_operand(node: Node, terms: Terms) -> Node | None:
    """Axes along which an operand only repeats itself leave the contraction."""
    labels, operands = [*node.params[:2]], [*node.inputs]
    out: Labels = node.params[2]
    for place, x in enumerate(operands):
        source = _unrepeated(x)
        if source is None:
            continue
        inner, kept = source
        own = tuple([labels[place][k] for k in kept])
        gone = [label for label in labels[place] if label not in own]
        other, theirs = operands[1 - place], labels[1 - place]
        summed = [k for k, label in enumerate(theirs) if label in gone and label not in out]
        if summed:
            axes = tuple([k - len(theirs) for k in summed])
            other = OPS["sum"](other, axes, False)
            theirs = tuple([label for k, label in enumerate(theirs) if k not in summed])
        reached = tuple([label for label in out if label in own or label in theirs])
        pairs = [(inner, own), (other, theirs)]
        if place:
            pairs.reverse()
        (a, la), (b, lb) = pairs
        lonely = [label for label in la + lb if _count(label, la, lb, reached) < 2]
        if lonely:
            # Summed on one side only: sum it there.
            a, la = _summed_over(a, la, lonely)
            b, lb = _summed_over(b, lb, lonely)
        result = contract(a, b, la, lb, reached)
        return spread(result, reached, out, label_sizes(node))
    return None


def _count(label: int, *where: Labels) -> int:
    return sum(label in labels for labels in where)


def _summed_over(x: Node, labels: Labels, gone: list[int]) -> tuple[Node, Labels]:
    axes = tuple([k - len(labels) for k, label in enumerate(labels) if label in gone])
    if not axes:
        return x, labels
    return OPS["sum"](x, axes, False), tuple([label for label in labels if label not in gone])


def _unrepeated(x: Node) -> tuple[Node, list[int]] | None:
    """What x repeats, and which axes of x it has."""
    if x.op is full_ and x.shape:
        return constant(x.params[1], (), x.kind), []
    if x.op.name != "broadcast_to":
        return None
    (inner,) = x.inputs
    lead = x.ndim - inner.ndim
    kept = [
        k
        for k in range(lead, x.ndim)
        if not (is_one(inner.shape[k - lead]) and not is_one(x.shape[k]))
    ]
    shape = tuple([inner.shape[k - lead] for k in kept])
    return OPS["reshape"](inner, shape), kept


@rewrite(
    "axis of size 1 in a contraction",
    "contract",
    {
        "x[:, None] @ y[None, :]": "outer(x, y)",
        "A @ x[:, None]": "(A @ x)[:, None]",
        "x[None, :] @ y[:, None]": "(x @ y)[None, None]",
    },
)
def unit_axis(node: Node, terms: Terms) -> Node | None:
    """Axes that a reshape put in are put in afterwards, or not at all."""
    if not any(x.op.name == "reshape" for x in node.inputs):
        return None
    la, lb, lo = node.params
    units = {
        label
        for labels, x in zip((la, lb), node.inputs, strict=True)
        for label, size in zip(labels, x.shape, strict=True)
        if is_one(size)
    }
    if not units:
        return None
    pairs = []
    for labels, x in zip((la, lb), node.inputs, strict=True):
        kept = tuple([label for label in labels if label not in units])
        shape = tuple([n for n, label in zip(x.shape, labels, strict=True) if label not in units])
        pairs.append((OPS["reshape"](x, shape), kept))
    (a, la), (b, lb) = pairs
    kept = tuple([label for label in lo if label not in units])
    return OPS["reshape"](contract(a, b, la, lb, kept), node.shape)


@rewrite(
    "outer product in a contraction",
    "contract",
    {
        "A @ outer(x, y)": "outer(A @ x, y)",
        "outer(x, y) @ z": "(y @ z)*x",
        "x @ outer(y, z)": "(x @ y)*z",
    },
)
def outer_operand(node: Node, terms: Terms) -> Node | None:
    """One of the two vectors of an outer product meets the other operand alone."""
    lo = node.params[2]
    for place, x in enumerate(node.inputs):
        if x.op.name != "contract" or x.ndim != 2 or any(y.ndim != 1 for y in x.inputs):
            continue
        own, other, theirs = node.params[place], node.inputs[1 - place], node.params[1 - place]
        names = dict(zip(x.params[2], own, strict=True))
        (i,), (j,) = [tuple([names[label] for label in part]) for part in x.params[:2]]
        for meets, rest, k in ((i, j, 0), (j, i, 1)):
            if meets in theirs and meets not in lo and rest not in theirs and other.ndim < 3:
                left = tuple([label for label in theirs if label != meets])
                pair = [(x.inputs[k], (meets,)), (other, theirs)]
                (a, a_labels), (b, b_labels) = pair[::-1] if place else pair
                inner = contract(a, b, a_labels, b_labels, left)
                return contract(inner, x.inputs[1 - k], left, (rest,), lo)
    return None


@rewrite(
    "outer product of a column and a row",
    "multiply divide",
    {
        "x[:, None]*y": "outer(x, y)",
        "2*exp(x)[:, None]*y": "2*outer(exp(x), y)",
        "x[:, None]*A": "x[:, None]*A",
    },
)
def outer(node: Node, terms: Terms) -> Node | None:
    """`x[:, None]*y` is `outer(x, y)`."""
    if node.ndim != 2 or any(is_one(n) for n in node.shape):
        return None
    whole = terms.product(node)
    column: Factors = {}
    row: Factors = {}
    scalars: Factors = {}
    for key, (base, exponent) in whole.factors.items():
        if isinstance(exponent, Node) and exponent.ndim:
            return None
        if base.ndim == 0:
            scalars[key] = (base, exponent)
        elif base.ndim == 1 or is_one(base.shape[0]):
            row[key] = (base, exponent)
        elif is_one(base.shape[1]) and base.op.name == "reshape":
            column[key] = (base, exponent)
        else:
            return None
    if not column or not row:
        return None
    columns, rows = terms.joined(column), terms.joined(row)
    if rows.ndim != 1 or columns.ndim != 2:
        return None
    vector = OPS["reshape"](columns, (node.shape[0],))
    product = contract(vector, rows, (0,), (1,), (0, 1))
    outside = Product(whole.coef, scalars, ())
    return terms.build(terms.times(outside, terms.atom(product), node.shape))


@rewrite(
    "sum of a contraction",
    "sum",
    {
        "sum(outer(x, y), axis=1)": "sum(y)*x",
        "sum(A @ x)": "sum(A @ x)",
    },
)
def contraction_summed(node: Node, terms: Terms) -> Node | None:
    """Each axis summed in the operand that has it, where that is no longer."""
    (x,), (axes, keepdims) = node.inputs, node.params
    if x.op.name != "contract" or keepdims:
        return None
    la, lb, lo = x.params
    gone = [lo[axis] for axis in axes]
    lonely = [label for label in gone if _count(label, la, lb) == 1]
    a, la = _summed_over(x.inputs[0], la, lonely)
    b, lb = _summed_over(x.inputs[1], lb, lonely)
    found = contract(a, b, la, lb, tuple([label for label in lo if label not in gone]))
    vectors = x.inputs[0].ndim == x.inputs[1].ndim == 1
    spared = terms.cost(node) - terms.cost(found)
    return found if spared > 0 or (spared == 0 and vectors) else None


@rewrite(
    "sum of rows scaled",
    "sum",
    {
        "sum(A*x, axis=1)": "A @ x",
        "sum(A*x[:, None], axis=0)": "A.T @ x",
        "sum(A*B*exp(x), axis=1)": "(A*B) @ exp(x)",
    },
)
def scaled_rows(node: Node, terms: Terms) -> Node | None:
    """A sum over one axis of a matrix times a vector along it is a product."""
    (x,), (axes, keepdims) = node.inputs, node.params
    if keepdims or x.ndim != 2 or len(axes) != 1 or node.kind != "real":
        return None
    (axis,) = axes
    whole = terms.product(x)
    vector: Factors = {}
    matrix: Factors = {}
    for key, (base, exponent) in whole.factors.items():
        if isinstance(exponent, Node):
            return None
        own = base.ndim >= -axis and base.shape[axis] == x.shape[axis]
        along = own and axis == -1 and (base.ndim == 1 or is_one(base.shape[0]))
        down = own and axis == -2 and is_one(base.shape[1])
        (vector if along or down else matrix)[key] = (base, exponent)
    if not vector or not matrix or whole.coef == 0:
        return None
    left = terms.joined(matrix, whole.coef)
    if left.shape != x.shape:
        return None
    flat = terms.joined(vector)
    size = x.shape[axis]
    right = flat if flat.ndim == 1 else OPS["reshape"](flat, (size,))
    labels = (0,) if axis == -2 else (1,)
    return contract(left, right, (0, 1), labels, (1,) if axis == -2 else (0,))
