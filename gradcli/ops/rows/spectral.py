"""Eigenvalues of symmetric matrices, singular values, and their vectors.

Rules from M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008). They divide by gaps between values. Values that are equal to within
rounding share their derivative evenly (for the largest and the smallest it is the subgradient of
minimum norm, for sums over all of them exact); the derivative of their vectors does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ComputationError, ShapeError
from gradcli.ops.custom import Custom, require_square
from gradcli.ops.elementwise import shape_text
from gradcli.ops.linear import broadcast_to, diag_embed, index, reshape, sum_
from gradcli.ops.rows.linalg import SQUARE, identity, matrix_lane, matrix_product, matrix_transpose
from gradcli.ops.rows.triangular import symmetric_part
from gradcli.ops.several import outputs

if TYPE_CHECKING:
    from gradcli.graph import Node
    from gradcli.ops.family import Types

Array = np.ndarray[Any, Any]

WHOLE = (None, None, None)


# --- values that are equal to within rounding --------------------------------------------------


def _doubt(a: Array, left: Array, values: Array, right: Array) -> Array:
    """How far each value may be off: the residual of its vectors, and the rounding of that.

    The second part is by components, so that small values of badly scaled matrices keep their own
    digits: those of a diagonal matrix are all certain.
    """

    def lengths(x: Array) -> Array:
        return np.asarray(np.sqrt(np.square(x).sum(axis=-2)))

    back = a.swapaxes(-1, -2)
    residual = lengths(a @ right - values[..., None, :] * left)
    residual += lengths(back @ left - values[..., None, :] * right)
    noise = lengths(np.abs(a) @ np.abs(right)) + lengths(np.abs(back) @ np.abs(left))
    side = max(a.shape[-2:], default=0)
    return np.asarray(4 * (residual + side * np.finfo(a.dtype).eps * noise))


doubt: Custom = Custom(
    "doubt",
    _doubt,
    lambda a, left, values, right: ((values.shape, "real"),),
    None,
    doc="How far singular values (or eigenvalues) may be off for rounding; it has no derivative.",
    domain="a with left singular vectors, values, and right singular vectors as columns",
    box=("graded", "graded", "ascending", "graded"),
    kinks=(),
    samples=((((3, 2), (3, 2), (2,), (2, 2)), ()),),
)


def _same(values: Array, doubts: Array) -> Array:
    """Which pairs of sorted values belong to one cluster of equal ones."""
    apart = np.abs(np.diff(values, axis=-1)) > doubts[..., 1:] + doubts[..., :-1]
    label = np.zeros(values.shape, np.intp)
    np.cumsum(apart, axis=-1, out=label[..., 1:])
    return np.asarray(label[..., :, None] == label[..., None, :])


def _share(g: Array, values: Array, doubts: Array, vanish: bool) -> Array:
    same = _same(values, doubts)
    count = same.sum(axis=-1)
    mean = np.where(same, g[..., None, :], 0).sum(axis=-1) / count
    shared = np.where(count == 1, g, mean)
    return np.where(values <= doubts, 0, shared) if vanish else shared


share: Custom = Custom(
    "share",
    _share,
    lambda g, values, doubts, vanish: ((g.shape, "real"),),
    lambda node, g: [share(g, *node.inputs[1:], *node.params), None, None],
    doc="The mean of g over each cluster of equal values; 0 at values of 0, if they vanish.",
    domain="sorted values, and how far they may be off",
    box=((-2.0, 2.0), "ascending", (0.0, 1e-9)),
    kinks=(),
    samples=((((3,), (3,), (3,)), (False,)), (((2, 3), (2, 3), (2, 3)), (True,))),
)


gaps: Custom = Custom(
    "gaps",
    lambda values, doubts: np.where(
        _same(values, doubts), 0, values[..., None, :] - values[..., :, None]
    ),
    lambda values, doubts: (((*values.shape, values.shape[-1]), "real"),),
    lambda node, g: [sum_(g, (-2,), False) - sum_(g, (-1,), False), None],
    doc="Differences of sorted values, value j less value i; exactly 0 between equal ones.",
    domain="sorted values, and how far they may be off",
    box=("ascending", (0.0, 1e-9)),
    kinks=(),
    samples=((((3,), (3,)), ()), (((2, 3), (2, 3)), ())),
)


significant: Custom = Custom(
    "significant",
    lambda values, doubts: np.where(values <= doubts, 0, values),
    lambda values, doubts: ((values.shape, "real"),),
    lambda node, g: [g, None],
    doc="Values of no sign, those that are 0 to within rounding exactly 0.",
    domain="values, and how far they may be off",
    box=("ascending", (0.0, 1e-9)),
    kinks=(),
    samples=((((3,), (3,)), ()),),
)


def _determined(g: Array, gap: Array, evidence: Array, what: str) -> Array:
    none = gap == 0
    if np.any(none & (evidence != 0)):
        raise ComputationError(
            f"the derivative of {what} does not exist here",
            hint="equal values have no vectors of their own, only a space that they span together; "
            "the derivatives of the values alone need no vectors",
        )
    return np.where(none, 0, g / np.where(none, 1, gap))


def _determined_vjp(node: Node, g: Node) -> list[Node | None]:
    (_, gap, _), (what,) = node.inputs, node.params
    back = g * node
    return [determined(g, gap, g, what), -determined(back, gap, back, what), None]


determined: Custom = Custom(
    "determined",
    _determined,
    lambda g, gap, evidence, what: ((g.shape, "real"),),
    _determined_vjp,
    doc="g/gap, and 0 where the gap is 0; an error if something depends on it there.",
    domain="gap != 0, or evidence == 0",
    box=((-2.0, 2.0), (0.5, 2.0), (-2.0, 2.0)),
    kinks=(),
    samples=((((3, 3), (3, 3), (3, 3)), ("vectors",)),),
)


def _between(m: Node, gap: Node, what: str) -> Node:
    """`(m - m.T)/gap`: what turns two vectors into one another; 0 on the diagonal."""
    return determined(m - matrix_transpose(m), gap + identity(m.shape), m, what)


def _columns(values: Node) -> Node:
    """A factor for each column of a matrix."""
    return reshape(values, (*values.shape[:-1], 1, values.shape[-1]))


def _rows(values: Node) -> Node:
    """A factor for each row of a matrix."""
    return reshape(values, (*values.shape, 1))


def _plus(a: Node | None, b: Node) -> Node:
    return b if a is None else a + b


def _diagonal(values: Node) -> Node:
    side = values.shape[-1]
    return diag_embed(values, 0, side, side)


def _converged(what: str, call: Any, *args: Any) -> Any:
    try:
        return call(*args)
    except np.linalg.LinAlgError:
        raise ComputationError(
            f"`{what}` finds no values here", hint="the matrix holds NaN or an infinity"
        ) from None


# --- eigenvalues -------------------------------------------------------------------------------


def _eigen_types(a: Node) -> Types:
    require_square("eigh", a.shape)
    return (a.shape[:-1], "real"), (a.shape, "real")


def _eigen_doubt(a: Node, values: Node, vectors: Node) -> Node:
    return doubt(0.5 * (a + matrix_transpose(a)), vectors, values, vectors)


def _eigvalsh_vjp(node: Node, g: Node) -> list[Node]:
    (a,) = node.inputs
    values, vectors = outputs(eigh(a))
    spread = vectors * _columns(share(g, values, _eigen_doubt(a, values, vectors), False))
    return [matrix_product(spread, matrix_transpose(vectors))]


eigvalsh: Custom = Custom(
    "eigvalsh",
    lambda a: _converged("eigvalsh", np.linalg.eigvalsh, symmetric_part(a)),
    lambda a: (_eigen_types(a)[0],),
    _eigvalsh_vjp,
    doc="Eigenvalues of the symmetric part of a matrix, in ascending order.",
    domain="square matrices; equal eigenvalues share their derivative evenly",
    box=("graded",),
    kinks=(),
    samples=SQUARE,
    lane=matrix_lane,
)


def _eigh(a: Array) -> tuple[Array, Array]:
    values, vectors = _converged("eigh", np.linalg.eigh, symmetric_part(a))
    return values, vectors


def _eigh_vjp(node: Node, gw: Node | None, gv: Node | None) -> list[Node | None]:
    values, vectors = outputs(node)
    doubts = _eigen_doubt(node.inputs[0], values, vectors)
    back = matrix_transpose(vectors)
    middle = None
    if gw is not None:
        middle = _diagonal(share(gw, values, doubts, False))
    if gv is not None:
        what = "eigenvectors of equal eigenvalues"
        turned = _between(matrix_product(back, gv), gaps(values, doubts), what)
        middle = _plus(middle, 0.5 * turned)
    assert middle is not None
    return [matrix_product(matrix_product(vectors, middle), back)]


eigh: Custom = Custom(
    "eigh",
    _eigh,
    _eigen_types,
    _eigh_vjp,
    doc="Eigenvalues of the symmetric part of a matrix, ascending, and eigenvectors as columns.",
    domain="square matrices; eigenvectors of equal eigenvalues have no derivative",
    box=("graded",),
    kinks=(),
    samples=SQUARE,
    lane=matrix_lane,
)


# --- singular values ---------------------------------------------------------------------------

MATRICES = ((((3, 3),), ()), (((2, 3, 2),), ()), (((2, 3),), ()))


def require_matrix(what: str, a: Node) -> int:
    """The smaller side of stacked matrices; raises ShapeError where there are none."""
    if a.ndim < 2:
        raise ShapeError(f"`{what}` needs a matrix, not shape {shape_text(a.shape)}")
    return min(a.shape[-2:])


def _svdvals_vjp(node: Node, g: Node) -> list[Node]:
    (a,), vanish = node.inputs, node.params != (False,)
    u, values, vh = outputs(svd(a, False))
    doubts = doubt(a, u, values, matrix_transpose(vh))
    return [matrix_product(u * _columns(share(g, values, doubts, vanish)), vh)]


svdvals: Custom = Custom(
    "svdvals",
    lambda a, *vanish: _converged("svdvals", lambda: np.linalg.svd(a, compute_uv=False)),
    lambda a, *vanish: (((*a.shape[:-2], require_matrix("svdvals", a)), "real"),),
    _svdvals_vjp,
    doc="Singular values of a matrix, in descending order.",
    domain="matrices; equal values share their derivative evenly, that of 0 is 0 if it vanishes",
    box=("graded",),
    kinks=(),
    samples=(*MATRICES, (((2, 3),), (False,))),
    lane=matrix_lane,
)


def _svd_types(a: Node, full: bool) -> Types:
    k = require_matrix("svd", a)
    *lead, m, n = a.shape
    rows, columns = (m, n) if full else (k, k)
    return ((*lead, m, rows), "real"), ((*lead, k), "real"), ((*lead, columns, n), "real")


def thin_columns(vectors: Node, g: Node | None, k: int) -> tuple[Node, Node | None]:
    """The first k columns and their cotangent, with what came to the columns that complete them.

    Those are determined up to a rotation among themselves, which is taken not to change: then
    d(rest) = -thin @ d(thin).T @ rest.
    """
    extent = vectors.shape[-1]
    if extent == k:
        return vectors, g
    whole = [WHOLE] * (vectors.ndim - 1)
    thin = index(vectors, (*whole, (0, k, 1)))
    if g is None:
        return thin, None
    rest = index(vectors, (*whole, (k, extent, 1)))
    g_rest = index(g, (*whole, (k, extent, 1)))
    turned = matrix_product(matrix_product(rest, matrix_transpose(g_rest)), thin)
    return thin, index(g, (*whole, (0, k, 1))) - turned


def _outside(vectors: Node, g: Node, along: Node, sizes: Node, what: str) -> Node:
    """The part of a cotangent outside the space of the vectors, over the singular values."""
    rest = g - matrix_product(vectors, along)
    divisor = broadcast_to(_columns(sizes), rest.shape)
    return determined(rest, divisor, rest, what)


def _svd_vjp(node: Node, gu: Node | None, gs: Node | None, gvh: Node | None) -> list[Node | None]:
    (a,) = node.inputs
    k = min(a.shape[-2:])
    u_all, values, vh_all = outputs(node)
    u, gu = thin_columns(u_all, gu, k)
    v, gv = thin_columns(matrix_transpose(vh_all), gvh and matrix_transpose(gvh), k)
    vh = matrix_transpose(v)
    what = "singular vectors of equal values, or of 0,"
    doubts = doubt(a, u, values, v)
    gap = gaps(values, doubts) * (_columns(values) + _rows(values))
    middle = None if gs is None else _diagonal(share(gs, values, doubts, True))
    sizes = significant(values, doubts)
    apart: Node | None = None
    if gu is not None:
        along = matrix_product(matrix_transpose(u), gu)
        middle = _plus(middle, _between(along, gap, what) * _columns(values))
        if u.shape[-2] > k:
            apart = matrix_product(_outside(u, gu, along, sizes, what), vh)
    if gv is not None:
        along = matrix_product(vh, gv)
        middle = _plus(middle, _between(along, gap, what) * _rows(values))
        if v.shape[-2] > k:
            outside = _outside(v, gv, along, sizes, what)
            apart = _plus(apart, matrix_product(u, matrix_transpose(outside)))
    assert middle is not None
    inside = matrix_product(matrix_product(u, middle), vh)
    return [inside if apart is None else inside + apart]


svd: Custom = Custom(
    "svd",
    lambda a, full: tuple(_converged("svd", np.linalg.svd, a, full)),
    _svd_types,
    _svd_vjp,
    doc="Singular value decomposition: (u, s, vh) with a = (u * s) @ vh, s descending.",
    domain="matrices; vectors of equal values, and of 0 off a square, have no derivative",
    box=("graded",),
    kinks=(),
    samples=(
        *[(shapes, (False,)) for shapes, _ in MATRICES],
        (((3, 2),), (True,)),
        (((2, 3),), (True,)),
    ),
    lane=matrix_lane,
)
