"""First-order propagation of uncertainty: the covariance J S J^T of a result.

J is the Jacobian, S the covariance of the inputs (JCGM 100:2008, Guide to the Expression of
Uncertainty in Measurement, section 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError, ShapeError
from gradcli.ops.elementwise import shape_text
from gradcli.results import Found, Result
from gradcli.wrt import split_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.run import Run
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]


class UncertainOutput(Found):
    """One output's value and standard deviation, of its shape.

    covariance: of its elements, of shape out.shape + out.shape. share: by input the part of the
    variance that comes from it, of the output's shape; the parts of all inputs add up to 1.
    elements: the same element by element, of shape out.shape + in.shape.
    """

    def __init__(
        self,
        value: Array,
        std: Array,
        covariance: Array,
        share: dict[str, Array],
        elements: dict[str, Array],
    ) -> None:
        super().__init__(value)
        self.std = std
        self.covariance = covariance
        self.share = share
        self.elements = elements

    def named(self) -> dict[str, Any]:
        several = {} if self.std.size == 1 else {"covariance": self.covariance}
        inner = {name: part for name, part in self.elements.items() if part.ndim > self.std.ndim}
        return {
            "std": self.std, **several, "share": self.share,
            **({"share_by_element": inner} if inner else {}),
        }  # fmt: skip


class Uncertainty(Result[UncertainOutput]):
    """What propagation found."""

    @property
    def std(self) -> Array:
        """The standard deviation, of the output's shape."""
        return self._single.std


def propagate(run: Run, uncertainties: Mapping[str, Any]) -> Uncertainty:
    """The standard deviation of every output.

    uncertainties: by input, or part of one, its standard deviations (of its shape, or one number
    for all of its elements) or its covariance (of shape in.shape + in.shape); `"x,y"` for a
    covariance of several, flattened one after the other. Inputs that are not named are exact.
    Raises ShapeError or ArgumentError for what is neither.
    """
    groups = [(split_names([names]), value) for names, value in uncertainties.items()]
    labels = [label for group, _ in groups for label in group]
    if len(set(labels)) < len(labels):
        raise ArgumentError("an uncertainty is given twice for one input")
    wanted = {one.label: one for one in run.wanted(labels)}
    sizes = {label: one.size for label, one in wanted.items()}
    starts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    total = np.zeros((sum(sizes.values()),) * 2)
    for group, value in groups:
        places = np.concatenate([starts[name] + np.arange(sizes[name]) for name in group])
        array = np.asarray(value, np.float64)
        total[np.ix_(places, places)] = _covariance([wanted[name] for name in group], array)
    result = run.jacobian(labels)
    outputs = []
    for found in result.outputs:
        m = found.value.size
        rows = [found.jacobian[label].reshape(m, -1).astype(np.float64) for label in wanted]
        outputs.append(_propagated(found.value, np.concatenate(rows, axis=1), total, wanted))
    whole = Uncertainty(outputs, result.warnings, result.notes)
    whole.control_flow = result.control_flow
    return whole


def _propagated(value: Array, j: Array, s: Array, wanted: dict[str, Wrt]) -> UncertainOutput:
    with np.errstate(all="ignore"):
        moved = s @ j.T
        # What does not move adds nothing, also where the derivative is infinite.
        parts = np.where(moved.T == 0, 0.0, j * moved.T)
        variance = parts.sum(axis=1)
        covariance = j @ moved
        covariance[np.diag_indices(len(j))] = variance
        relative = np.where(variance[:, None] > 0, parts / variance[:, None], 0.0)
    share, elements = {}, {}
    start = 0
    for label, one in wanted.items():
        block = relative[:, start : start + one.size]
        share[label] = block.sum(axis=1).reshape(value.shape)
        elements[label] = block.reshape(value.shape + one.shape)
        start += one.size
    std = np.sqrt(np.maximum(variance, 0)).reshape(value.shape)
    return UncertainOutput(value, std, covariance.reshape(value.shape * 2), share, elements)


def _covariance(group: Sequence[Wrt], array: Array) -> Array:
    """The covariance matrix that was given, or that standard deviations make."""
    names = ",".join(one.label for one in group)
    size = sum(one.size for one in group)
    if len(group) == 1 and array.shape in (group[0].shape, ()):
        if (array < 0).any() or not np.isfinite(array).all():
            raise ArgumentError(f"a standard deviation of `{names}` is negative or not finite")
        return np.diag(np.broadcast_to(array, group[0].shape).ravel() ** 2)
    if array.shape != (size, size) and (
        len(group) > 1 or array.shape != group[0].shape + group[0].shape
    ):
        one = f"{shape_text(group[0].shape)} (standard deviations) or " if len(group) == 1 else ""
        raise ShapeError(
            f"the uncertainty of `{names}` has shape {shape_text(array.shape)}, "
            f"not {one}{shape_text((size, size))} (a covariance)"
        )
    matrix = array.reshape(size, size)
    scale = np.abs(matrix).max(initial=0)
    if not np.isfinite(matrix).all() or np.abs(matrix - matrix.T).max(initial=0) > 1e-9 * scale:
        raise ArgumentError(f"the covariance of `{names}` is not a finite, symmetric matrix")
    if size and np.linalg.eigvalsh(matrix).min() < -1e-9 * scale:
        raise ArgumentError(
            f"the covariance of `{names}` has a negative eigenvalue",
            hint="variances stand on its diagonal: the squares of standard deviations",
        )
    return (matrix + matrix.T) / 2
