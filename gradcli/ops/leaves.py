"""Leaves: inputs, constants and random draws. They have no operands and no derivative rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.graph import Dim, Kind, Node, Shape, float_key
from gradcli.ops.family import Array, Lead, Op, Types, build

if TYPE_CHECKING:
    from collections.abc import Callable


class Leaf(Op):
    """A row without operands: parameters in, one array out."""

    family = "leaf"
    differentiable = False

    def __init__(
        self, name: str, evaluate: Callable[..., Array], kind: Kind | None, *, doc: str
    ) -> None:
        super().__init__(name, doc=doc, domain="constant", box=(), kinks=())
        self.evaluate = evaluate
        self.kind = kind

    def infer(self, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Types:
        """By convention the first parameter of a leaf is its shape, the last its kind."""
        return ((params[0], self.kind if self.kind is not None else params[-1]),)

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Array:
        value = self.evaluate(*node.params)
        return value.astype(storage(node.kind, dtype), copy=False)


def storage(kind: Kind, dtype: Any) -> Any:
    """The array type that holds a kind.

    Whole numbers are kept in float64: exact to 2**53, and no product of them wraps around.
    """
    if kind == "real":
        return dtype
    return np.bool_ if kind == "bool" else np.float64


class Full(Leaf):
    """One number at every place of a shape: literals, zeros, ones, and folded constants."""

    def key(self, params: tuple[Any, ...]) -> Any:
        shape, value, kind = params
        return shape, value.name if isinstance(value, Dim) else float_key(value), kind

    def run(self, node: Node, arrays: list[Array], lead: Lead | None, dtype: Any) -> Array:
        if not node.shape:
            return np.array(node.params[1], dtype=storage(node.kind, dtype))
        return np.full(node.shape, node.params[1], dtype=storage(node.kind, dtype))


class Given(Leaf):
    """A value that stands outside the graph: an input, or an array that the program spelled out."""

    def key(self, params: tuple[Any, ...]) -> Any:
        return tuple([id(param) if isinstance(param, np.ndarray) else param for param in params])


def _unbound(shape: Shape, name: str, kind: Kind) -> Array:
    raise LookupError(f"input {name} has no value in this run")


def _eye(shape: Shape, offset: int) -> Array:
    return np.eye(shape[0], shape[1], offset)


def _arange(shape: Shape, start: float, step: float, kind: Kind) -> Array:
    return start + step * np.arange(shape[0])


def _linspace(shape: Shape, start: float, stop: float, endpoint: bool) -> Array:
    return np.linspace(start, stop, shape[0], endpoint=endpoint)


def _draw(shape: Shape, distribution: str, draw: tuple[int, int, int]) -> Array:
    seed, *place = draw
    sequence = np.random.SeedSequence(seed, spawn_key=tuple(place))
    generator = np.random.Generator(np.random.PCG64(sequence))
    if distribution == "normal":
        return generator.standard_normal(shape)
    return generator.random(shape)


input_ = Given("input", _unbound, None, doc="A free name of the program, bound when it is run.")
array_ = Given("array", lambda shape, value, kind: value, None, doc="An array of constants.")
full_ = Full("full", np.full, None, doc="One number at every place of a shape.")
eye_ = Leaf("eye", _eye, "real", doc="Ones on a diagonal, zeros elsewhere.")
arange_ = Leaf("arange", _arange, None, doc="Evenly spaced numbers: start + step*i.")
linspace_ = Leaf("linspace", _linspace, "real", doc="Evenly spaced numbers from start to stop.")
draw_ = Leaf("draw", _draw, "real", doc="Independent random numbers (PCG64).")


def kind_of(value: float) -> Kind:
    """The kind of a Python number."""
    if isinstance(value, bool):
        return "bool"
    return "int" if isinstance(value, int) else "real"


def constant(value: float, shape: Shape = (), kind: Kind | None = None) -> Node:
    """A number (int and bool keep their kind) at every place of `shape`."""
    return build(full_, (), (shape, value, kind or kind_of(value)))


def array_constant(value: Array) -> Node:
    """A constant array; its kind follows its dtype."""
    kinds: dict[str, Kind] = {"b": "bool", "i": "int", "u": "int"}
    kind = kinds.get(value.dtype.kind, "real")
    return build(array_, (), (value.shape, value, kind))


def node_of(value: Node | float) -> Node:
    """A node as it is, a Python number as a constant."""
    return value if isinstance(value, Node) else constant(value)


def known_number(node: Node) -> float | None:
    """The number that a constant holds at every place, or None where it is not such a constant."""
    return float(node.params[1]) if node.op is full_ else None


def ones_like(node: Node) -> Node:
    return constant(1.0, node.shape)


def zeros_like(node: Node) -> Node:
    return constant(0.0, node.shape)


def random_draw(shape: Shape, distribution: str, draw: tuple[int, int, int]) -> Node:
    """A random array; equal (seed, stream, number) give equal ones."""
    return build(draw_, (), (shape, distribution, draw))
