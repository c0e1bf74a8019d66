"""What the calculator finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

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

    def numbers(self) -> Any:
        """The same, or fewer arrays with all of their numbers that may be other than zero."""
        return self.named()

    def facts(self) -> dict[str, Any]:
        """How it was found."""
        return {}


One = TypeVar("One", bound=Found)


class Result(Generic[One]):
    """What was found for each output, with what to say of it.

    `value` and the other properties are those of a single output. control_flow: for each condition
    that data decided, where it stands and how often it held, or how often its loop ran. stats: what
    it took, where that was asked for. surely_finite: whether all of it is known to be finite.
    """

    def __init__(self, outputs: list[One], warnings: list[str], notes: list[str]) -> None:
        self.outputs = outputs
        self.warnings = warnings
        self.notes = notes
        self.control_flow: list[dict[str, Any]] = []
        self.stats: dict[str, Any] | None = None
        self.surely_finite = False

    def __repr__(self) -> str:
        parts = [{"value": output.value, **output.named()} for output in self.outputs]
        texts = [", ".join(f"{name}={part!r}" for name, part in one.items()) for one in parts]
        return f"{type(self).__name__}({'; '.join(texts)})"

    def facts(self) -> dict[str, Any]:
        """What holds of several outputs together."""
        return {}

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


class Facts(NamedTuple):
    """The structure of a derivative that took fewer passes for it.

    name: "tridiagonal" and the like; entries: how many may not be zero; dense: the passes that a
    dense one takes; values: those entries, where they were found by themselves.
    """

    name: str
    entries: int
    dense: int
    values: Array | None = None

    def named(self) -> dict[str, Any]:
        """For JSON."""
        return {"structure": self.name, "entries": self.entries}


def numbers_of(structure: Facts | None, parts: Any) -> Any:
    """The entries of a matrix, where they are known by themselves, else all of its parts."""
    return parts if structure is None or structure.values is None else structure.values


class HessianOutput(Found):
    """One output's value and Hessian: blocks by two inputs, of both their shapes.

    Sparse blocks are SciPy arrays, with a row for each element of the first input and a column for
    each of the second. structure: None where the passes are those of a dense one.
    """

    def __init__(
        self,
        value: Array,
        hessian: dict[str, dict[str, Any]],
        passes: int,
        structure: Facts | None = None,
        mode: str = "forward over reverse",
    ) -> None:
        super().__init__(value)
        self.hessian = hessian
        self.passes = passes
        self.structure = structure
        self.mode = mode

    def named(self) -> dict[str, Any]:
        return {"hessian": self.hessian}

    def numbers(self) -> Any:
        return numbers_of(self.structure, self.hessian)

    def facts(self) -> dict[str, Any]:
        found = {} if self.structure is None else self.structure.named()
        return {"passes": self.passes, **found}


class Hessian(Result[HessianOutput]):
    """What `hessian` found."""

    @property
    def hessian(self) -> dict[str, dict[str, Any]]:
        """Blocks by two input names, of the shapes of the first and then the second."""
        return self._single.hessian


class JacobianOutput(Found):
    """One output's value and Jacobian blocks, each of shape `value.shape + input.shape`.

    Sparse blocks are SciPy arrays, a row for each element of the value, a column for each of the
    input. structure: None where the passes are those of a dense one.
    """

    def __init__(
        self,
        value: Array,
        jacobian: dict[str, Any],
        mode: str,
        passes: int,
        structure: Facts | None = None,
    ) -> None:
        super().__init__(value)
        self.jacobian = jacobian
        self.mode = mode
        self.passes = passes
        self.structure = structure

    def named(self) -> dict[str, Any]:
        return {"jacobian": self.jacobian}

    def numbers(self) -> Any:
        return numbers_of(self.structure, self.jacobian)

    def facts(self) -> dict[str, Any]:
        found = {} if self.structure is None else self.structure.named()
        return {"mode": self.mode, "passes": self.passes, **found}


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
    def jacobian(self) -> dict[str, Any]:
        """Blocks by input name, each of shape `value.shape + input.shape`."""
        return self._single.jacobian

    def flat(self) -> FlatJacobian:
        """Each output's blocks side by side as one matrix, with the names of rows and columns."""
        outputs = []
        several = len(self.outputs) > 1
        for place, output in enumerate(self.outputs):
            rank = output.value.ndim
            size = output.value.size
            sparse = any(not isinstance(one, np.ndarray) for one in output.jacobian.values())
            blocks = [
                block if sparse else block.reshape(size, -1) for block in output.jacobian.values()
            ]
            columns = [
                label
                for name, block in output.jacobian.items()
                for label in labels(name, block.shape[1 if sparse else rank :])
            ]
            if sparse:
                from scipy.sparse import hstack

                matrix = hstack(blocks, format="csr")
            else:
                matrix = np.concatenate(blocks, axis=1) if blocks else np.zeros((size, 0))
            rows = labels(f"out{place}" if several else "out", output.value.shape)
            outputs.append(
                FlatOutput(
                    output.value,
                    matrix,
                    rows,
                    columns,
                    output.mode,
                    output.passes,
                    output.structure,
                )
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
        structure: Facts | None = None,
    ) -> None:
        super().__init__(value)
        self.jacobian = jacobian
        self.rows = rows
        self.columns = columns
        self.mode = mode
        self.passes = passes
        self.structure = structure

    def named(self) -> dict[str, Any]:
        return {"jacobian": self.jacobian}

    def facts(self) -> dict[str, Any]:
        found = {} if self.structure is None else self.structure.named()
        return {
            "rows": self.rows, "columns": self.columns,
            "mode": self.mode, "passes": self.passes, **found,
        }  # fmt: skip


class FlatJacobian(Result[FlatOutput]):
    """A Jacobian with its blocks side by side."""


def labels(name: str, shape: tuple[int, ...]) -> list[str]:
    """Names of the elements of a tensor, in row-major order: `x[0,1]`, or `x` for a scalar."""
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, place))}]" for place in np.ndindex(*map(int, shape))]
