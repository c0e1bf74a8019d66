"""What the calculator finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class Output:
    """One output: its value and, where asked for, the gradient by input name."""

    def __init__(self, value: Array, grad: dict[str, Array] | None) -> None:
        self.value = value
        self.grad = grad


class Evaluation:
    """What `evaluate` found. `value` and `grad` are those of a single output."""

    def __init__(self, outputs: list[Output], warnings: list[str], notes: list[str]) -> None:
        self.outputs = outputs
        self.warnings = warnings
        self.notes = notes

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


class Jacobian:
    """What `jacobian` found."""

    def __init__(
        self, outputs: list[JacobianOutput], warnings: list[str], notes: list[str]
    ) -> None:
        self.outputs = outputs
        self.warnings = warnings
        self.notes = notes
