"""What `gradcli plot` finds: curves along one number, or a surface over two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.pictures.curves import Curve, curves_of, remarks
from gradcli.results import Found, Result
from gradcli.sampling import Sampler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.session import Program

    Array = np.ndarray[Any, Any]


class Range(NamedTuple):
    """A number that varies, by its name, from low to high."""

    name: str
    low: float
    high: float
    samples: int

    def points(self) -> Array:
        """The values it takes, evenly spaced; what is zero but for rounding is zero."""
        points = np.linspace(self.low, self.high, self.samples)
        points[np.abs(points) < 1e-13 * (self.high - self.low)] = 0
        return points

    def apart(self, dtype: np.dtype[Any]) -> bool:
        """Whether its points are different numbers of that type."""
        widest = max(abs(self.low), abs(self.high))
        return bool(self.high - self.low > 2 * self.samples * np.finfo(dtype).eps * widest)


class CurveOutput(Found):
    """One output along a range: values and derivatives, each of shape (points, *output.shape)."""

    def __init__(
        self,
        value: Array,
        points: dict[str, Array],
        derivatives: dict[str, Array],
        breaks: list[Any],
    ) -> None:
        super().__init__(value)
        self.points = points
        self.derivatives = derivatives
        self.breaks = breaks

    def named(self) -> dict[str, Any]:
        return {"points": self.points, "derivatives": self.derivatives}

    def facts(self) -> dict[str, Any]:
        return {"breaks": self.breaks}


class Curves(Result[CurveOutput]):
    """Outputs along one range. curves: of all of them, to be drawn; name: of what varies."""

    def __init__(
        self, outputs: list[CurveOutput], notes: list[str], curves: list[Curve], name: str
    ) -> None:
        super().__init__(outputs, [], notes)
        self.curves = curves
        self.name = name

    def table(self) -> tuple[Array, list[str]]:
        """Points, values and derivatives as columns, with their names."""
        columns = [self.curves[0].x, *[curve.values for curve in self.curves]]
        return np.stack(columns, axis=1), [self.name, *[curve.label for curve in self.curves]]


class SurfaceOutput(Found):
    """The output over two ranges: value and partial derivatives, [i, j] at (first i, second j)."""

    def __init__(self, value: Array, points: dict[str, Array], grad: dict[str, Array]) -> None:
        super().__init__(value)
        self.points = points
        self.grad = grad

    def named(self) -> dict[str, Any]:
        return {"points": self.points, "grad": self.grad}


class Surface(Result[SurfaceOutput]):
    """An output over two ranges."""

    def table(self) -> tuple[Array, list[str]]:
        """A row for each point: both coordinates, value and partial derivatives."""
        output = self._single
        names = list(output.points)
        grid = np.meshgrid(*output.points.values(), indexing="ij")
        columns = [*grid, output.value, *output.grad.values()]
        header = [*names, "f", *[f"df/d{name}" for name in names]]
        return np.stack([column.ravel() for column in columns], axis=1), header


def curves(program: Program, inputs: Mapping[str, Any], along: Range, order: int) -> Curves:
    """Values along a range and derivatives up to an order. Raises what a Sampler raises."""
    sampler = Sampler(program, inputs, [along.name], order)
    x = along.points()
    found = sampler.at(x[:, None])
    gaps = _gaps(sampler)
    drawn = curves_of(sampler, x, found)
    outputs = []
    start = 0
    for shape in sampler.shapes:
        size = int(np.prod(shape))
        part = found[:, :, start : start + size].reshape(len(found), len(x), *map(int, shape))
        breaks = [
            {"curve": curve.label, "kind": one.kind, "near": one.x}
            for curve in drawn
            if start <= curve.element < start + size
            for one in curve.breaks
        ]
        derivatives = {str(number): part[number] for number in range(1, order + 1)}
        outputs.append(CurveOutput(part[0], {along.name: x}, derivatives, breaks))
        start += size
    notes = [*sampler.notes, *remarks(drawn, along.name), *gaps]
    return Curves(outputs, notes, drawn, along.name)


def surface(program: Program, inputs: Mapping[str, Any], over: Sequence[Range]) -> Surface:
    """Values and gradients over two ranges. Raises ArgumentError for more than one number."""
    sampler = Sampler(program, inputs, [one.name for one in over])
    axes = [one.points() for one in over]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    found = sampler.at(grid)
    if len(sampler.labels) > 1:
        raise ArgumentError(
            f"the output has {len(sampler.labels)} numbers: contours are those of one",
            hint="draw a sum or one element",
        )
    shape = [len(axis) for axis in axes]
    value, *grads = [part.reshape(shape) for part in found]
    names = [one.name for one in over]
    output = SurfaceOutput(
        value, dict(zip(names, axes, strict=True)), dict(zip(names, grads, strict=True))
    )
    return Surface([output], [], [*sampler.notes, *_gaps(sampler)])


def _gaps(sampler: Sampler) -> list[str]:
    """Where there is no value, and why."""
    found = []
    for message, places in sampler.gaps.items():
        point = ", ".join(
            f"{name} = {value:.6g}"
            for name, value in zip(sampler.moving, places[0][1], strict=True)
        )
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        found.append(f"no value at {point}{more}: {message}")
    return found
