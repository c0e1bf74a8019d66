"""Rounding, and questions about single numbers. None of it has a derivative other than 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.ops.elementwise import Elementwise
from gradcli.ops.rows.arithmetic import ALL
from gradcli.ops.rows.logic import equal, where

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]

INSIDE = (0.2, 0.4)
STEP = (((1.0,), (0.0,)),)


def _rounding(name: str, ufunc: Callable[..., Array], doc: str, spell: str) -> Elementwise:
    return Elementwise(
        name,
        ufunc,
        [None],
        doc=f"{doc}; its derivative is 0.",
        domain=ALL,
        box=(INSIDE,),
        kinks=STEP,
        kind="promote",
        spell=spell,
    )


floor = _rounding("floor", np.floor, "The next whole number below", "np+torch+jnp+math.floor")
ceil = _rounding("ceil", np.ceil, "The next whole number above", "np+torch+jnp+math.ceil")
trunc = _rounding(
    "trunc", np.trunc, "The next whole number towards 0", "np+torch+jnp+math.trunc torch.fix np.fix"
)
rint = _rounding(
    "rint",
    np.rint,
    "The nearest whole number, the even one of two",
    "np+jnp.rint scipy.special.round",
)


def _question(name: str, ufunc: Callable[..., Array], doc: str, spell: str) -> Elementwise:
    return Elementwise(
        name,
        ufunc,
        [None],
        doc=doc,
        domain=ALL,
        box=(INSIDE,),
        kinks=(),
        kind="bool",
        spell=spell,
    )


isnan = _question("isnan", np.isnan, "Whether it is NaN.", "np+torch+jnp+math.isnan")
isinf = _question("isinf", np.isinf, "Whether it is infinite.", "np+torch+jnp+math.isinf")
isfinite = _question(
    "isfinite", np.isfinite, "Whether it is a number and finite.", "np+torch+jnp+math.isfinite"
)
isposinf = _question("isposinf", np.isposinf, "Whether it is +inf.", "np+torch+jnp.isposinf")
isneginf = _question("isneginf", np.isneginf, "Whether it is -inf.", "np+torch+jnp.isneginf")
signbit = _question("signbit", np.signbit, "Whether its sign is a minus.", "np+torch+jnp.signbit")

logical_xor: Elementwise = Elementwise(
    "logical_xor",
    np.logical_xor,
    [None, None],
    doc="Whether exactly one of two holds.",
    domain="booleans; a number counts as true where it is not 0",
    box=(INSIDE, INSIDE),
    kinks=(),
    kind="bool",
)

heaviside: Elementwise = Elementwise(
    "heaviside",
    np.heaviside,
    [None, lambda g, y, x, at_zero: where(equal(x, 0.0), g, 0.0)],
    doc="0 below 0, 1 above, and the second argument at 0; its derivative by x is 0.",
    domain=ALL,
    box=((-1.0, 1.0), INSIDE),
    kinks=(((0.0, 0.5), (0.0, 1.0)),),
    selects=(None, lambda x, at_zero: equal(x, 0.0)),
    args="x values",
)
