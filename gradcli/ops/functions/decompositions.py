"""Factorisations and spectra of matrices, over the last two axes."""

from __future__ import annotations

from typing import Any, NamedTuple

from gradcli.errors import ArgumentError
from gradcli.graph import Node
from gradcli.ops import linear
from gradcli.ops.binding import function
from gradcli.ops.custom import require_square
from gradcli.ops.rows import factorisations, logic, spectral, triangular
from gradcli.ops.rows.linalg import matrix_transpose
from gradcli.ops.several import outputs
from gradcli.ops.values import flag, shown, tensor

# --- triangular factors ------------------------------------------------------------------------


def _cholesky(x: Any, upper: Any) -> Node:
    factor = triangular.cholesky(tensor(x))
    return matrix_transpose(factor) if flag(upper, "upper") else factor


@function("np+torch.linalg.cholesky", example="cholesky([[4., 1.], [1., 3.]])")
def cholesky(x: Any, upper: Any = False) -> Node:
    """Triangular factor l of a positive definite matrix l @ l.T; of the symmetric part of x."""
    return _cholesky(x, upper)


@function("jnp.linalg.cholesky", example="jnp.linalg.cholesky([[4., 1.], [1., 3.]])")
def jax_cholesky(a: Any, upper: Any = False, symmetrize_input: Any = True) -> Node:
    """Triangular factor of a positive definite matrix; of the symmetric part of a."""
    return _cholesky(
        _triangle(a, None if flag(symmetrize_input, "symmetrize_input") else "L"), upper
    )


@function(
    "scipy.linalg.cholesky jax.scipy.linalg.cholesky",
    example="scipy.linalg.cholesky([[4., 1.], [1., 3.]])",
)
def scipy_cholesky(a: Any, lower: Any = False) -> Node:
    """Triangular factor of a positive definite matrix, the upper one by default."""
    return _cholesky(a, not flag(lower, "lower"))


class QR(NamedTuple):
    """What qr gives."""

    Q: Node
    R: Node


@function("np+jnp.linalg.qr", example="qr([[1., 2.], [3., 4.], [5., 7.]])")
def qr(a: Any, mode: Any = "reduced") -> Any:
    """Orthonormal columns and an upper triangle, (q, r) with q @ r = a; `r` alone in mode "r"."""
    if mode == "r":
        return _qr(a, False).R
    return _qr(a, _complete(mode, ("reduced", "complete", "r")))


@function("torch.linalg.qr", example="torch.linalg.qr([[1., 2.], [3., 4.], [5., 7.]])")
def torch_qr(A: Any, mode: Any = "reduced") -> QR:
    """Orthonormal columns and an upper triangle; in mode "r" the first of the pair is empty."""
    if mode == "r":
        return QR(tensor([]), _qr(A, False).R)
    return _qr(A, _complete(mode, ("reduced", "complete", "r")))


def _qr(x: Any, complete: bool) -> QR:
    q, r = outputs(factorisations.qr(tensor(x), complete))
    return QR(q, r)


def _complete(mode: Any, known: tuple[str, ...]) -> bool:
    if mode not in known:
        raise ArgumentError(f"the modes of `qr` are {', '.join(known)}, not {shown(mode)}")
    return bool(mode == "complete")


# --- determinants ------------------------------------------------------------------------------


class SignAndLog(NamedTuple):
    """What slogdet gives."""

    sign: Node
    logabsdet: Node


@function("np+torch+jnp.linalg.slogdet torch.slogdet", example="slogdet([[2., 1.], [1., -3.]])")
def slogdet(x: Any) -> SignAndLog:
    """(sign, logarithm of the size) of the determinant; (0, -inf) for a singular matrix."""
    sign, logarithm = outputs(factorisations.slogdet(tensor(x)))
    return SignAndLog(sign, logarithm)


@function("torch.logdet", example="logdet([[2., 1.], [1., 3.]])")
def logdet(input: Any) -> Node:
    """Logarithm of the determinant: -inf where it is 0, NaN where it is negative."""
    sign, logarithm = slogdet(input)
    return logarithm + logic.where(logic.less(sign, 0.0), float("nan"), 0.0)


# --- eigenvalues -------------------------------------------------------------------------------


class Eigen(NamedTuple):
    """What eigh gives."""

    eigenvalues: Node
    eigenvectors: Node


def _triangle(x: Any, uplo: Any) -> Node:
    """The matrix that a triangle stands for, where one is named; else the matrix itself."""
    a = tensor(x)
    if uplo is None:
        return a
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise ArgumentError(f"UPLO is 'L' or 'U', not {shown(uplo)}")
    require_square("eigh", a.shape)
    if uplo.upper() == "L":
        return triangular.tril(a, 0) + matrix_transpose(triangular.tril(a, -1))
    return triangular.triu(a, 0) + matrix_transpose(triangular.triu(a, 1))


@function("np+torch.linalg.eigh", example="eigh([[2., 1.], [1., 3.]])")
def eigh(a: Any, UPLO: Any = None) -> Eigen:
    """(eigenvalues in ascending order, eigenvectors as columns) of a symmetric matrix.

    Of any other matrix the symmetric part is taken, or what a triangle stands for if UPLO names it.
    """
    values, vectors = outputs(spectral.eigh(_triangle(a, UPLO)))
    return Eigen(values, vectors)


@function("jnp.linalg.eigh", example="jnp.linalg.eigh([[2., 1.], [1., 3.]])")
def jax_eigh(a: Any, UPLO: Any = None, symmetrize_input: Any = True) -> Eigen:
    """(eigenvalues in ascending order, eigenvectors as columns) of the symmetric part of a."""
    return eigh(a, None if flag(symmetrize_input, "symmetrize_input") else UPLO or "L")


@function("np+torch.linalg.eigvalsh", example="eigvalsh([[2., 1.], [1., 3.]])")
def eigvalsh(a: Any, UPLO: Any = None) -> Node:
    """Eigenvalues of a symmetric matrix, in ascending order; equal ones share their derivative."""
    return spectral.eigvalsh(_triangle(a, UPLO))


@function("jnp.linalg.eigvalsh", example="jnp.linalg.eigvalsh([[2., 1.], [1., 3.]])")
def jax_eigvalsh(a: Any, UPLO: Any = "L", symmetrize_input: Any = True) -> Node:
    """Eigenvalues of the symmetric part of a, in ascending order."""
    return eigvalsh(a, None if flag(symmetrize_input, "symmetrize_input") else UPLO or "L")


# --- singular values ---------------------------------------------------------------------------


class SVD(NamedTuple):
    """What svd gives in NumPy and JAX."""

    U: Node
    S: Node
    Vh: Node


class OldSVD(NamedTuple):
    """What torch.svd gives: v, not its transpose."""

    U: Node
    S: Node
    V: Node


def _svd(x: Any, full: Any) -> SVD:
    a = tensor(x)
    whole = flag(full, "full_matrices") and spectral.require_matrix("svd", a) != max(a.shape[-2:])
    u, s, vh = outputs(spectral.svd(a, whole))
    return SVD(u, s, vh)


@function(
    "np+jnp+scipy.linalg.svd jax.scipy.linalg.svd", example="svd([[1., 2.], [3., 4.], [5., 7.]])"
)
def svd(a: Any, full_matrices: Any = True, compute_uv: Any = True, hermitian: Any = False) -> Any:
    """(u, s, vh) with u @ diag(s) @ vh = a, s in descending order; s alone without compute_uv."""
    x = tensor(a)
    if flag(hermitian, "hermitian"):
        require_square("svd", x.shape)
        x = 0.5 * (x + matrix_transpose(x))
    if not flag(compute_uv, "compute_uv"):
        return spectral.svdvals(x)
    return _svd(x, full_matrices)


@function(
    "torch.linalg.svd",
    example="torch.linalg.svd([[1., 2.], [3., 4.], [5., 7.]], full_matrices=False)",
)
def torch_svd(A: Any, full_matrices: Any = True, driver: Any = None) -> SVD:
    """(U, S, Vh) with U @ diag(S) @ Vh = A, S in descending order."""
    return _svd(A, full_matrices)


@function("torch.svd", example="torch.svd([[1., 2.], [3., 4.], [5., 7.]])")
def old_torch_svd(input: Any, some: Any = True, compute_uv: Any = True) -> OldSVD:
    """(U, S, V) with U @ diag(S) @ V.T = input; zeros for U and V without compute_uv."""
    a = tensor(input)
    if not flag(compute_uv, "compute_uv"):
        spectral.require_matrix("svd", a)
        nothing = [linear.broadcast_to(tensor(0.0), (*a.shape[:-2], n, n)) for n in a.shape[-2:]]
        return OldSVD(nothing[0], spectral.svdvals(a), nothing[1])
    u, s, vh = _svd(a, not flag(some, "some"))
    return OldSVD(u, s, matrix_transpose(vh))


@function("np+jnp+scipy.linalg.svdvals", example="svdvals([[1., 2.], [3., 4.], [5., 7.]])")
def svdvals(x: Any) -> Node:
    """Singular values, in descending order; equal ones share their derivative, that of 0 is 0."""
    return spectral.svdvals(tensor(x))


@function("torch.linalg.svdvals", example="torch.linalg.svdvals([[1., 2.], [3., 4.]])")
def torch_svdvals(A: Any, driver: Any = None) -> Node:
    """Singular values, in descending order."""
    return spectral.svdvals(tensor(A))


# --- exponential -------------------------------------------------------------------------------


@function(
    "torch.matrix_exp torch.linalg.matrix_exp scipy.linalg.expm jax.scipy.linalg.expm "
    "linalg.matrix_exp linalg.expm expm",
    example="matrix_exp([[0., 1.], [-1., 0.5]])",
)
def matrix_exp(A: Any) -> Node:
    """Exponential of square matrices: the sum of A^k/k!."""
    return factorisations.matrix_exp(tensor(A))
