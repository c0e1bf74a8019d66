"""The rows that are not written as calls of their names, and those that others can stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.ops.notation import expansions, leaves, reductions, systems
from gradcli.ops.notation.layout import (
    broadcast_form,
    concatenate_form,
    diag_embed_form,
    diagonal_form,
    index_form,
    project_form,
    reshape_form,
    scatter_form,
    sort_form,
    take_along_form,
    transpose_form,
)
from gradcli.ops.notation.products import contraction_form, masked_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.graph import Node
    from gradcli.ops.notation.formula import Formula

FORMS: dict[str, Callable[..., Formula]] = {
    "amax": reductions.extreme_form,
    "amin": reductions.extreme_form,
    "arange": leaves.arange_form,
    "array": leaves.array_form,
    "broadcast_to": broadcast_form,
    "concatenate": concatenate_form,
    "contract": contraction_form,
    "diag_embed": diag_embed_form,
    "diagonal": diagonal_form,
    "draw": leaves.draw_form,
    "eye": leaves.eye_form,
    "full": leaves.full_form,
    "index": index_form,
    "input": leaves.input_form,
    "linspace": leaves.linspace_form,
    "masked_contract": masked_form,
    "norm2": reductions.norm_form,
    "norm_p": reductions.norm_p_form,
    "project": project_form,
    "reshape": reshape_form,
    "scatter": scatter_form,
    "slogdet": systems.slogdet_form,
    "sort": sort_form,
    "svd": systems.svd_form,
    "take_along": take_along_form,
    "trace": reductions.trace_form,
    "transpose": transpose_form,
}
"""form(node, *operands)."""

EXPANSIONS: dict[str, Callable[..., Node]] = {
    "adjugate": expansions.adjugate,
    "adjugate_tangent": expansions.adjugate_tangent,
    "beta": expansions.beta,
    "betaln": expansions.betaln,
    "cbrt": expansions.cbrt,
    "celu": expansions.celu,
    "clip": expansions.clip,
    "cospi": expansions.cospi,
    "detach": expansions.detach,
    "elu": expansions.elu,
    "gaussian": expansions.gaussian,
    "inverse_mills": expansions.inverse_mills,
    "leaky_relu": expansions.leaky_relu,
    "lerp": expansions.lerp,
    "log_softmax": expansions.log_softmax,
    "logsumexp": expansions.logsumexp,
    "masked_contract": expansions.masked_contract,
    "norm2": expansions.norm2,
    "norm_pdf": expansions.norm_pdf,
    "order_statistic": expansions.order_statistic,
    "polygamma_difference": expansions.polygamma_difference,
    "put_along": expansions.put_along,
    "relu": expansions.relu,
    "rsqrt": expansions.rsqrt,
    "sech": expansions.sech,
    "sigmoid": expansions.sigmoid,
    "sinpi": expansions.sinpi,
    "softmax": expansions.softmax,
    "softplus": expansions.softplus,
    "softsign": expansions.softsign,
    "tanhshrink": expansions.tanhshrink,
}
"""expand(*operands, *params): the same value by other rows, for libraries without a name for it."""
