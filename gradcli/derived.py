"""What `derive` found: formulas as text, with what they take for granted."""

from __future__ import annotations

from typing import Any

from gradcli.errors import ArgumentError


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
