"""What the calculator finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from gradcli.errors import ArgumentError

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]


class Found:
    """One output: its value, and what was found beside it."""

    def __init__(self, value: Array) -> None:
        self.value = value

    def named(self) -> dict[str, Any]:
        """What was found beside the value: arrays, or dicts of them, by name."""
        return {}

    def facts(self) -> dict[str, Any]:
        """How it was found."""
        return {}


One = TypeVar("One", bound=Found)


class Result(Generic[One]):
    """What was found for each output, with what to say of it.

    `value` and the other properties are those of a single output. control_flow: for each condition
    that data decided, where it stands and how often it held, or how often its loop ran.
    """

    def __init__(self, outputs: list[One], warnings: list[str], notes: list[str]) -> None:
        self.outputs = outputs
        self.warnings = warnings
        self.notes = notes
        self.control_flow: list[dict[str, Any]] = []

    def __repr__(self) -> str:
        parts = [{"value": output.value, **output.named()} for output in self.outputs]
        texts = [", ".join(f"{name}={part!r}" for name, part in one.items()) for one in parts]
        return f"{type(self).__name__}({'; '.join(texts)})"

    @property
    def value(self) -> Array:
        return self._single.value

    @property
    def _single(self) -> One:
        if len(self.outputs) != 1:
            raise ArgumentError(f"the program has {len(self.outputs)} outputs: see `outputs`")
        return self.outputs[0]


class Output(Found):
    """One output: its value and, where asked for, the gradient by input name."""

    def __init__(self, value: Array, grad: dict[str, Array] | None) -> None:
        super().__init__(value)
        self.grad = grad

    def named(self) -> dict[str, Any]:
        return {} if self.grad is None else {"grad": self.grad}


class Evaluation(Result[Output]):
    """What `evaluate` found."""

    @property
    def grad(self) -> dict[str, Array]:
        """Gradient by input name, each of its input's shape."""
        grad = self._single.grad
        if grad is None:
            raise ArgumentError("no gradient was asked for")
        return grad


class DerivativeOutput(Found):
    """One output's value and elementwise derivatives of some order, each of its shape."""

    def __init__(self, value: Array, derivative: dict[str, Array], order: int) -> None:
        super().__init__(value)
        self.derivative = derivative
        self.order = order

    def named(self) -> dict[str, Any]:
        return {"derivative": self.derivative}

    def facts(self) -> dict[str, Any]:
        return {"order": self.order}


class Derivative(Result[DerivativeOutput]):
    """What `derivative` found."""

    @property
    def derivative(self) -> dict[str, Array]:
        """Elementwise derivatives by input name, each of the output's shape."""
        return self._single.derivative


class TangentOutput(Found):
    """One output's value and the product of its Jacobian with the tangents, of the same shape."""

    def __init__(self, value: Array, tangent: Array) -> None:
        super().__init__(value)
        self.tangent = tangent

    def named(self) -> dict[str, Any]:
        return {"tangent": self.tangent}


class Tangent(Result[TangentOutput]):
    """What `jvp` found."""

    @property
    def tangent(self) -> Array:
        """The product of the Jacobian with the tangents, of the output's shape."""
        return self._single.tangent


class ProductOutput(Found):
    """One output's value and the product of its Hessian with the tangents, by input name."""

    def __init__(self, value: Array, hvp: dict[str, Array]) -> None:
        super().__init__(value)
        self.hvp = hvp

    def named(self) -> dict[str, Any]:
        return {"hvp": self.hvp}


class Product(Result[ProductOutput]):
    """What `hvp` found."""

    @property
    def hvp(self) -> dict[str, Array]:
        """The product of the Hessian with the tangents, each part of its input's shape."""
        return self._single.hvp


class HessianOutput(Found):
    """One output's value and Hessian: blocks by two inputs, of both their shapes."""

    def __init__(self, value: Array, hessian: dict[str, dict[str, Array]], passes: int) -> None:
        super().__init__(value)
        self.hessian = hessian
        self.passes = passes

    def named(self) -> dict[str, Any]:
        return {"hessian": self.hessian}

    def facts(self) -> dict[str, Any]:
        return {"passes": self.passes}


class Hessian(Result[HessianOutput]):
    """What `hessian` found."""

    @property
    def hessian(self) -> dict[str, dict[str, Array]]:
        """Blocks by two input names, of the shapes of the first and then the second."""
        return self._single.hessian


class JacobianOutput(Found):
    """One output's value and Jacobian blocks, each of shape `value.shape + input.shape`."""

    def __init__(self, value: Array, jacobian: dict[str, Array], mode: str, passes: int) -> None:
        super().__init__(value)
        self.jacobian = jacobian
        self.mode = mode
        self.passes = passes

    def named(self) -> dict[str, Any]:
        return {"jacobian": self.jacobian}

    def facts(self) -> dict[str, Any]:
        return {"mode": self.mode, "passes": self.passes}


class DiagonalOutput(Found):
    """One output's value and the diagonals of its Jacobian blocks, each of the value's shape."""

    def __init__(self, value: Array, diagonal: dict[str, Array], passes: int) -> None:
        super().__init__(value)
        self.diagonal = diagonal
        self.passes = passes

    def named(self) -> dict[str, Any]:
        return {"diagonal": self.diagonal}

    def facts(self) -> dict[str, Any]:
        return {"passes": self.passes}


class Diagonal(Result[DiagonalOutput]):
    """What `jacobian` found where its diagonal was asked for: it has nothing beside it."""

    @property
    def diagonal(self) -> dict[str, Array]:
        """Diagonals by input name, each of the output's shape."""
        return self._single.diagonal


class Jacobian(Result[JacobianOutput]):
    """What `jacobian` found."""

    @property
    def jacobian(self) -> dict[str, Array]:
        """Blocks by input name, each of shape `value.shape + input.shape`."""
        return self._single.jacobian

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


class FlatOutput(Found):
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
        super().__init__(value)
        self.jacobian = jacobian
        self.rows = rows
        self.columns = columns
        self.mode = mode
        self.passes = passes

    def named(self) -> dict[str, Any]:
        return {"jacobian": self.jacobian}

    def facts(self) -> dict[str, Any]:
        return {
            "rows": self.rows, "columns": self.columns, "mode": self.mode, "passes": self.passes,
        }  # fmt: skip


class FlatJacobian(Result[FlatOutput]):
    """A Jacobian with its blocks side by side."""


def labels(name: str, shape: tuple[int, ...]) -> list[str]:
    """Names of the elements of a tensor, in row-major order: `x[0,1]`, or `x` for a scalar."""
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, place))}]" for place in np.ndindex(*map(int, shape))]
