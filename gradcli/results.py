"""What the calculator finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError

if TYPE_CHECKING:
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


class Jacobian:
    """What `jacobian` found. `value` and `jacobian` are those of a single output."""

    def __init__(
        self, outputs: list[JacobianOutput], warnings: list[str], notes: list[str]
    ) -> None:
        self.outputs = outputs
        self.warnings = warnings
        self.notes = notes

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
        return FlatJacobian(outputs, self.warnings, self.notes)


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


class FlatJacobian:
    """A Jacobian with its blocks side by side."""

    def __init__(self, outputs: list[FlatOutput], warnings: list[str], notes: list[str]) -> None:
        self.outputs = outputs
        self.warnings = warnings
        self.notes = notes


class DerivedOutput:
    """One output's formulas: its value, and its derivatives by what they are by.

    A Hessian's are by two inputs, one inside the other.
    """

    def __init__(self, value: str, parts: dict[str, Any]) -> None:
        self.value = value
        self.parts = parts


class Derived:
    """What `derive` found: formulas as text.

    kind: grad, jacobian, hessian or derivative. shapes: of the inputs, with names of sizes. code:
    the source of a function, in the style of a library. assumptions: shapes that were inferred.
    conditions: where the formulas hold. seeds: names that stand for seeds in them.
    """

    def __init__(
        self,
        kind: str,
        style: str,
        outputs: list[DerivedOutput],
        shapes: dict[str, list[str | int]],
        seeds: list[str],
        code: str | None,
    ) -> None:
        self.kind = kind
        self.style = style
        self.outputs = outputs
        self.shapes = shapes
        self.seeds = seeds
        self.code = code
        self.assumptions: list[str] = []
        self.conditions: list[str] = []
        self.warnings: list[str] = []
        self.notes: list[str] = []

    def __str__(self) -> str:
        """The code, the only formula, or all of them, each after what it is."""
        if self.code is not None:
            return self.code
        found = self.formulas()
        if len(found) == 1:
            return next(iter(found.values()))
        return "\n".join([f"{label}  {text}" for label, text in found.items()])

    def __repr__(self) -> str:
        return f"Derived({self.formulas()!r})"

    @property
    def nested(self) -> bool:
        """Whether each derivative is by two inputs."""
        return self.kind == "hessian"

    def formulas(self) -> dict[str, str]:
        """Every derivative by its name: `grad x`, `hessian x y`."""
        several = len(self.outputs) > 1
        found: dict[str, str] = {}
        for place, output in enumerate(self.outputs):
            head = f"{self.kind} {place}" if several else self.kind
            for label, part in output.parts.items():
                if self.nested:
                    found.update({f"{head} {label} {other}": text for other, text in part.items()})
                else:
                    found[f"{head} {label}"] = part
        return found

    def texts(self) -> list[str]:
        """All that a change of sample sizes must not change."""
        values = [output.value for output in self.outputs]
        return [*values, *self.formulas().values(), *self.conditions, self.code or ""]

    @property
    def grad(self) -> dict[str, str]:
        """Gradients of the only output by input name."""
        return self._parts("grad")

    @property
    def jacobian(self) -> dict[str, str]:
        """Jacobians of the only output by input name."""
        return self._parts("jacobian")

    @property
    def hessian(self) -> dict[str, dict[str, str]]:
        """Hessian blocks of the only output by both input names."""
        return self._parts("hessian")

    @property
    def value(self) -> str:
        return self._single.value

    def _parts(self, kind: str) -> dict[str, Any]:
        if kind != self.kind:
            raise ArgumentError(f"no {kind} was asked for, but {self.kind}")
        return self._single.parts

    @property
    def _single(self) -> DerivedOutput:
        if len(self.outputs) != 1:
            raise ArgumentError(f"the program has {len(self.outputs)} outputs: see `outputs`")
        return self.outputs[0]


def labels(name: str, shape: tuple[int, ...]) -> list[str]:
    """Names of the elements of a tensor, in row-major order: `x[0,1]`, or `x` for a scalar."""
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, place))}]" for place in np.ndindex(*map(int, shape))]
