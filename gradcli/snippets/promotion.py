"""The type of a result: the promotion of PyTorch and of NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.snippets.variable import Variable

    DType = np.dtype[Any]

INT, BOOL, DOUBLE = np.dtype(np.int64), np.dtype(np.bool_), np.dtype(np.float64)

COUNTING = frozenset(
    {"sum", "prod", "cumsum", "cumprod", "trace", "argmax", "argmin", "argsort", "count_nonzero"}
)
"""Functions that give 64-bit whole numbers of any whole numbers."""

WHOLE_POWERS = frozenset({"pow", "rpow", "power", "square", "float_power"})


def result_dtype(
    kind: str, operands: Sequence[Variable], library: str, default: DType, name: str = ""
) -> DType:
    """The type of what a function called `name` makes of tensors, for a result of that kind.

    In PyTorch a tensor without axes widens one that has some only to another kind of numbers; in
    NumPy whole numbers meet single precision in double.
    """
    if kind == "bool":
        return BOOL
    if kind == "int":
        return _whole_dtype(operands, library, name)
    if library == "np":
        wide = [operand.dtype for operand in operands if operand.dtype.kind in "fiu"]
        if any(dtype.kind == "f" for dtype in wide):
            return np.result_type(*wide, np.float32)
        return DOUBLE
    return _widest([operand for operand in operands if operand.dtype.kind == "f"]) or default


def _widest(operands: list[Variable]) -> DType | None:
    pool = [operand.dtype for operand in operands if operand.ndim] or [o.dtype for o in operands]
    return np.result_type(*pool) if pool else None


def _whole_dtype(operands: Sequence[Variable], library: str, name: str) -> DType:
    whole = [operand for operand in operands if operand.dtype.kind in "iu"]
    if name in COUNTING or not whole:
        return INT
    if library == "np":
        return np.result_type(*[operand.dtype for operand in whole])
    return _widest(whole) or INT


def wrapped_around(value: Any, dtype: DType) -> Any:
    """Whole numbers as a narrow type holds them, in the type that they are kept in."""
    if dtype.kind not in "iu" or dtype.itemsize == 8:
        return value
    return np.asarray(value).astype(np.int64).astype(dtype).astype(np.float64)
