"""Digits that the steps of a run lose, beside the same steps in extended precision.

NumPy's long double has 64 bits of mantissa on common machines. Where it has no more than a double,
or a step has no forward function in it, nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.graph import Node

    Array = np.ndarray[Any, Any]

WIDE = np.dtype(np.longdouble)
MOST_DIGITS = 16


def extended(order: Sequence[Node], values: Mapping[int, Any]) -> dict[int, Any]:
    """Values of nodes in extended precision, from those of the leaves; None where there is none.

    A node whose operands have none has none either.
    """
    found: dict[int, Any] = {}
    if np.finfo(WIDE).eps >= np.finfo(np.float64).eps:
        return found
    with np.errstate(all="ignore"):
        for node in order:
            held = values.get(node.serial)
            if not node.inputs:
                # The doubles that the program holds are exact: nothing was lost yet.
                found[node.serial] = held if node.kind != "real" else np.asarray(held).astype(WIDE)
                continue
            operands = [found.get(operand.serial) for operand in node.inputs]
            known = [operand for operand in operands if operand is not None]
            if len(known) < len(operands) or len(node.types) > 1:
                continue
            if node.kind != "real":
                found[node.serial] = held
                continue
            try:
                result = np.asarray(node.op.run(node, known, None, WIDE))
            except (TypeError, ValueError, GradcliError, np.linalg.LinAlgError):
                continue
            # A function that computes in doubles would look as if it lost digits.
            if result.dtype == WIDE and _is_wide(node):
                found[node.serial] = result
    return found


def _is_wide(node: Node) -> bool:
    """Whether the op's forward function computes in extended precision all the way.

    It is asked: at a point, the last digits of the answer have to be more than a double has.
    """
    known = _WIDE_OPS.get(node.op.name)
    if known is None:
        known = _asked(node)
        _WIDE_OPS[node.op.name] = known
    return known


_WIDE_OPS: dict[str, bool] = {}


def _asked(node: Node) -> bool:
    if node.op.reach != "aligned":
        # Sums, products and layouts keep the type of their operands.
        return node.op.analytic or node.op.reduces is not None
    from gradcli.graph import Node as Fresh

    types = tuple(((), kind) for _, kind in node.types)
    leaves = tuple(Fresh(one.op, (), one.params, (((), one.kind),)) for one in node.inputs)
    alone = Fresh(node.op, leaves, node.params, types)
    for start, whole in ((0.6, -1), (1.3, 1)):
        arrays = [
            np.asarray(WIDE.type(start + 0.1 * k) / WIDE.type(3))
            if leaf.kind == "real"
            else np.asarray(k + whole, bool if leaf.kind == "bool" else np.float64)
            for k, leaf in enumerate(leaves)
        ]
        try:
            result = np.asarray(node.op.run(alone, arrays, None, WIDE))
        except (TypeError, ValueError, GradcliError):
            return False
        if np.isfinite(result) and result != result.astype(np.float64):
            return True
    return False


def digits(held: Any, wide: Any) -> tuple[int, tuple[int, ...]] | None:
    """To how many digits a value is right, and the element with the fewest; None: not known."""
    if wide is None or isinstance(held, tuple):
        return None
    held = np.asarray(held)
    if held.dtype.kind != "f" or not held.size or not np.isfinite(held).all():
        return None
    with np.errstate(all="ignore"):
        exact = np.asarray(wide)
        error = np.abs(held.astype(WIDE) - exact)
        largest = np.abs(exact)
        relative = np.where(error == 0, 0, error / np.where(largest == 0, 1, largest))
        relative = np.where((largest == 0) & (error > 0), 1.0, relative).astype(np.float64)
    if not np.isfinite(relative).all():
        return None
    place = np.unravel_index(int(relative.argmax()), relative.shape)
    worst = float(relative.max())
    # An error in the last place, of half a unit, leaves all that a double has.
    count = MOST_DIGITS if worst <= np.finfo(held.dtype).eps else int(-np.log10(worst))
    return max(0, min(MOST_DIGITS, count)), tuple(map(int, place))
