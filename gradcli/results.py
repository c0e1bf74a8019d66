"""What the calculator finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]


class Result:
    """What every result comes with: remarks, and which way control flow went.

    control_flow: for each condition that data decided, where it stands and how often it held, or
    how often its loop ran.
    """

    def __init__(self, warnings: list[str], notes: list[str]) -> None:
        self.warnings = warnings
        self.notes = notes
        self.control_flow: list[dict[str, Any]] = []


class Output:
    """One output: its value and, where asked for, the gradient by input name."""

    def __init__(self, value: Array, grad: dict[str, Array] | None) -> None:
        self.value = value
        self.grad = grad


class Evaluation(Result):
    """What `evaluate` found. `value` and `grad` are those of a single output."""

    def __init__(self, outputs: list[Output], warnings: list[str], notes: list[str]) -> None:
        super().__init__(warnings, notes)
        self.outputs = outputs

    def __repr__(self) -> str:
        parts = [f"value={output.value!r}, grad={output.grad!r}" for output in self.outputs]
        return f"Evaluation({'; '.join(parts)})"

    @property
    def value(self) -> Array:
        return self._single.value

    @property
    def grad(self) -> dict[str, Array]:
        """Gradient by input name, each of its input's shape."""
        grad = self._single.grad
        if grad is None:
            raise ArgumentError("no gradient was asked for")
        return grad

    @property
    def _single(self) -> Output:
        if len(self.outputs) != 1:
            raise ArgumentError(f"the program has {len(self.outputs)} outputs: see `outputs`")
        return self.outputs[0]


class JacobianOutput:
    """One output's value and Jacobian blocks, each of shape `value.shape + input.shape`."""

    def __init__(self, value: Array, jacobian: dict[str, Array], mode: str, passes: int) -> None:
        self.value = value
        self.jacobian = jacobian
        self.mode = mode
        self.passes = passes


class Jacobian(Result):
    """What `jacobian` found. `value` and `jacobian` are those of a single output."""

    def __init__(
        self, outputs: list[JacobianOutput], warnings: list[str], notes: list[str]
    ) -> None:
        super().__init__(warnings, notes)
        self.outputs = outputs

    def __repr__(self) -> str:
        parts = [f"value={o.value!r}, jacobian={o.jacobian!r}" for o in self.outputs]
        return f"Jacobian({'; '.join(parts)})"

    @property
    def value(self) -> Array:
        return self._single.value

    @property
    def jacobian(self) -> dict[str, Array]:
        """Blocks by input name, each of shape `value.shape + input.shape`."""
        return self._single.jacobian

    @property
    def _single(self) -> JacobianOutput:
        if len(self.outputs) != 1:
            raise ArgumentError(f"the program has {len(self.outputs)} outputs: see `outputs`")
        return self.outputs[0]

    def flat(self) -> FlatJacobian:
        """Each output's blocks side by side as one matrix, with the names of rows and columns."""
        outputs = []
        several = len(self.outputs) > 1
        for place, output in enumerate(self.outputs):
            rank = output.value.ndim
            size = output.value.size
            blocks = [block.reshape(size, -1) for block in output.jacobian.values()]
            columns = [
                label
                for name, block in output.jacobian.items()
                for label in labels(name, block.shape[rank:])
            ]
            matrix = np.concatenate(blocks, axis=1) if blocks else np.zeros((size, 0))
            rows = labels(f"out{place}" if several else "out", output.value.shape)
            outputs.append(
                FlatOutput(output.value, matrix, rows, columns, output.mode, output.passes)
            )
        flat = FlatJacobian(outputs, self.warnings, self.notes)
        flat.control_flow = self.control_flow
        return flat


class FlatOutput:
    """One output's Jacobian as a matrix: rows for its elements, columns for the inputs'."""

    def __init__(
        self,
        value: Array,
        jacobian: Array,
        rows: list[str],
        columns: list[str],
        mode: str,
        passes: int,
    ) -> None:
        self.value = value
        self.jacobian = jacobian
        self.rows = rows
        self.columns = columns
        self.mode = mode
        self.passes = passes


class FlatJacobian(Result):
    """A Jacobian with its blocks side by side."""

    def __init__(self, outputs: list[FlatOutput], warnings: list[str], notes: list[str]) -> None:
        super().__init__(warnings, notes)
        self.outputs = outputs


def labels(name: str, shape: tuple[int, ...]) -> list[str]:
    """Names of the elements of a tensor, in row-major order: `x[0,1]`, or `x` for a scalar."""
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, place))}]" for place in np.ndindex(*map(int, shape))]
