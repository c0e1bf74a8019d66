"""What a derivative is taken by: a whole input, or a part of one such as `W[:, 1]`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import Plan
from gradcli.errors import GradcliError, NameProblem, SyntaxProblem, did_you_mean
from gradcli.graph import Node, Trace, building
from gradcli.language.interpret import Interpreter
from gradcli.language.parser import parse
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.leaves import input_
from gradcli.ops.values import tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = np.ndarray[Any, Any]


class Wrt:
    """An input to differentiate by, or some elements of it.

    label: as it was asked for. positions: of the elements in the flattened input, in the shape that
    the part has; None for the whole.
    """

    def __init__(self, label: str, node: Node, positions: Array | None = None) -> None:
        self.label = label
        self.node = node
        self.positions = positions
        self.shape: tuple[int, ...] = node.shape if positions is None else positions.shape
        self.size = node.size if positions is None else positions.size

    def columns(self) -> Array:
        """Positions in the flattened input, one after another."""
        return np.arange(self.size) if self.positions is None else self.positions.ravel()

    def part(self, gradient: Array) -> Array:
        """The elements of a gradient of the whole input that were asked for."""
        return gradient if self.positions is None else gradient.ravel()[self.positions]


def split_names(texts: Sequence[str]) -> list[str]:
    """`x, W[:, 1]` at the commas outside brackets."""
    names: list[str] = []
    for text in texts:
        depth = start = 0
        for place, character in enumerate(text):
            depth += (character in "([{") - (character in ")]}")
            if character == "," and depth == 0:
                names.append(text[start:place])
                start = place + 1
        names.append(text[start:])
    return [name.strip() for name in names if name.strip()]


def resolve(
    wanted: Sequence[str] | None, inputs: dict[str, Node], static: Sequence[str]
) -> list[Wrt]:
    """What names and parts stand for; all real inputs where none are named.

    `["none"]` is nothing. Raises NameProblem for what is no real input, ShapeError or
    ArgumentError for a part that the input does not have.
    """
    if wanted is None:
        real = [(n, node) for n, node in inputs.items() if node.kind == "real" and n not in static]
        return [Wrt(name, node) for name, node in real]
    if list(wanted) == ["none"] and "none" not in inputs:
        return []
    found = {}
    for text in wanted:
        name = text if text.isidentifier() else _name_in(text)
        if name not in inputs:
            hint = did_you_mean(name, list(inputs))
            known = ", ".join(f"`{known}`" for known in inputs)
            hint = hint or (f"inputs are {known}" if known else "there are no inputs")
            raise NameProblem(f"`{name}` is not an input", hint=hint)
        node = inputs[name]
        if node.kind != "real" or name in static:
            raise NameProblem(f"`{name}` is not a real input: it has no derivative")
        if text != name:
            _require_fixed(text, inputs)
        found[text] = Wrt(text, node, None if text == name else _positions(text, name, node))
    return list(found.values())


def _name_in(text: str) -> str:
    """The input that a part such as `x[0][:, 1]` is of."""
    try:
        (statement,) = parse(text).body
        node: Any = statement.value if isinstance(statement, ast.Expr) else None
        while isinstance(node, ast.Subscript):
            node = node.value
        if isinstance(node, ast.Name):
            return node.id
    except (SyntaxProblem, ValueError):
        pass
    raise NameProblem(
        f"`{text}` is neither an input nor a part of one", hint="as in x, x[0] or W[:, 1]"
    )


def _require_fixed(text: str, inputs: dict[str, Node]) -> None:
    """Raise NameProblem where a part depends on values: it is named by positions alone."""
    names = [node.id for node in ast.walk(parse(text)) if isinstance(node, ast.Name)]
    if sum(name in inputs for name in names) != 1:
        raise NameProblem(f"`{text}` depends on the inputs' values", hint="as in x[0] or W[:, 1]")


def _positions(text: str, name: str, node: Node) -> Array:
    """Positions of a part: the same index, applied to the numbers of the elements."""
    numbers = np.arange(int(node.size), dtype=np.float64).reshape(node.shape)
    leaf = Node(input_, (), (node.shape, name, "real"), ((node.shape, "real"),))

    def concretise(wanted: Node, static: bool) -> Array:
        return Plan([wanted], [leaf]).run({leaf.serial: numbers})[0]

    with building(Trace(concretise)):
        try:
            part = tensor(bare(Interpreter({name: Tensor(leaf)}).run(parse(text))))
        except GradcliError as error:
            raise error.located(text, "--wrt") from None
        except LookupError:
            raise NameProblem(f"`{text}` is not a fixed part of `{name}`") from None
    array = Plan([part], [leaf]).run({leaf.serial: numbers})[0]
    return np.array(array, dtype=np.intp)
