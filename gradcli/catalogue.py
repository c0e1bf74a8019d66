"""The catalogue of functions: what `gradcli ops` prints and the reference pages are made of.

Everything is read off the table: names and signatures from the bindings, meaning and domain from
the rows, formulas from the rows' rules, conventions from their kinks and from `ops/conventions.py`.
"""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradcliError, NameProblem, did_you_mean
from gradcli.formulas import Request, derive
from gradcli.graph import OPS
from gradcli.language import transforms  # noqa: F401  the derivative operators
from gradcli.ops.binding import SPELLED, Function, find, find_bare, load_all
from gradcli.ops.conventions import EDGES, Edge
from gradcli.ops.elementwise import Elementwise
from gradcli.session import Program
from gradcli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.derived import Derived
    from gradcli.ops.family import Kinks
    from gradcli.results import Evaluation

GROUPS = {
    "elementwise": (
        "Arithmetic, powers, trigonometry, rounding",
        "arithmetic exponential trigonometric hyperbolic powers numbers choices",
    ),
    "special": ("Error, gamma and Bessel functions", "erf gamma bessel special"),
    "logic": ("Comparisons and choices", "logic"),
    "activations": ("Activations", "activations"),
    "reductions": (
        "Sums, statistics, norms, scans",
        "reductions statistics quantiles norms scans differences",
    ),
    "linalg": (
        "Products, systems, factorisations",
        "products einsum matrices systems squares decompositions conditions",
    ),
    "shape": (
        "Shapes, indices, order",
        "layout diagonals arranging joining padding selecting scattering sorting",
    ),
    "nn": ("Layers of neural networks", "layers convolution pooling normalization"),
    "losses": ("Losses", "losses classification margins"),
    "creation": ("Constants and draws", "creation"),
    "derivatives": ("Derivative operators", "transforms"),
}
"""Group: what is in it, and the modules whose rows and functions it has."""

_GROUP_OF = {module: group for group, (_, held) in GROUPS.items() for module in held.split()}
# What stands among the rows or functions of another subject, since they are built on it.
_GROUP_OF_NAME = dict.fromkeys(
    ("relu", "sigmoid", "softplus", "softmax", "log_softmax"), "activations"
) | {"clip": "elementwise", "embedding": "nn"}
LIBRARIES = {"np": "NumPy", "scipy": "SciPy", "torch": "PyTorch", "jnp": "JAX", "jax": "JAX"}
LIBRARIES["Tensor"] = "PyTorch"
_INPUTS = "xyzwuvabcd"
PRECISION = 6
"""Significant digits of the examples."""

LONGEST = 240
LONGEST_RULE = 1000
"""Characters of formulas that are shown, of compositions and of rows: `gradcli derive` writes out
longer ones.
"""

_SIZES = {2: "m", 3: "n", 4: "k", 5: "p"}


class Example:
    """A call, with the lists of its example as inputs: what can be run, and its result."""

    def __init__(self, call: str) -> None:
        tree = ast.parse(call)
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        used |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        self.inputs: dict[str, Any] = {}
        names = iter([name for name in _INPUTS if name not in used])
        self.expr = ast.unparse(_Lifted(self.inputs, names).visit(tree)).replace("\n", "; ")

    @cached_property
    def _run(self) -> tuple[Evaluation, list[str]]:
        settings = Settings()
        outputs = Program(self.expr, settings=settings).trace(self.inputs).outputs
        options = ["--random-seed", "0"] if settings.seed_was_picked else []
        seeded = bool(self.inputs) and any(output.ndim for output in outputs)
        options += ["--seed", "ones"] if seeded else []
        run = Program(self.expr, settings=Settings(random_seed=0)).trace(self.inputs)
        return run.evaluate("ones" if seeded else None), options

    @property
    def result(self) -> Evaluation:
        """Values and gradients, seeded with ones; random draws are those of the seed 0."""
        return self._run[0]

    @property
    def words(self) -> list[str]:
        """The command that gives the result."""
        command = ["gradcli", "eval", self.expr]
        for name, items in self.inputs.items():
            command += [f"--{name}", _input_text(items)]
        return [*command, *self._run[1], "--precision", str(PRECISION)]


def _input_text(items: list[Any]) -> str:
    """Numbers as the command line takes them: `1,2;3,4`."""
    rank = np.ndim(np.array(items))
    if rank == 1 and len(items) > 1:
        return ",".join([f"{item:g}" for item in items])
    if rank == 2 and len(items) > 1 and len(items[0]) > 1:
        return ";".join([_input_text(row) for row in items])
    return str(items).replace(" ", "")


class _Lifted(ast.NodeTransformer):
    """Takes lists of numbers with a point out of a call, and leaves names in their place."""

    def __init__(self, inputs: dict[str, Any], names: Iterable[str]) -> None:
        self.inputs = inputs
        self.names = iter(names)

    def visit_List(self, node: ast.List) -> ast.AST:
        try:
            items = ast.literal_eval(node)
            array = np.array(items)
        except ValueError:
            return self.generic_visit(node)
        if array.dtype.kind != "f":
            return node
        name = next(self.names)
        self.inputs[name] = items
        return ast.copy_location(ast.Name(name, ast.Load()), node)


class Entry:
    """One function of the language, with all that is known of it."""

    def __init__(self, function: Function) -> None:
        self.function = function
        short = function.name
        bare = SPELLED.get(short) or find_bare(short)
        self.name = short if bare is function else _shortened(function.spellings[0])
        self.doc = function.doc
        # A function that only calls the row of its name is where that is.
        row = function.row or OPS.get(function.name)
        self.domain = row.domain if row is not None and row.family != "leaf" else ""
        self.kinks: Kinks = row.kinks if isinstance(row, Elementwise) else ()
        self.symbol = function.row.symbol if function.row is not None else ""

    @property
    def signature(self) -> str:
        """As people call it: `sum(x, axis=None, *, keepdims=False)`."""
        return self.name + self.function.signature().removeprefix(self.function.name)

    @property
    def group(self) -> str:
        """The group that it belongs to."""
        function = self.function
        if function.name in _GROUP_OF_NAME:
            return _GROUP_OF_NAME[function.name]
        module = function.build.__module__ if function.row is None else function.row.module
        subject = module.rpartition(".")[2]
        if subject in _GROUP_OF:
            return _GROUP_OF[subject]
        # PyTorch's own signatures of functions that NumPy has.
        other = SPELLED.get(f"np.{function.name}") or SPELLED.get(f"scipy.special.{function.name}")
        return "elementwise" if other is None else Entry(other).group

    @property
    def spellings(self) -> dict[str, list[str]]:
        """Full names by library."""
        found: dict[str, list[str]] = {}
        for name in self.function.spellings:
            library = LIBRARIES.get(name.partition(".")[0])
            if library is not None:
                found.setdefault(library, []).append(_shortened(name))
        return {library: found[library] for library in LIBRARIES.values() if library in found}

    @property
    def related(self) -> list[str]:
        """Names of functions that other libraries mean by the same word."""
        short = self.function.name
        others = [
            Entry(found).name
            for spelling, found in SPELLED.items()
            if spelling.rpartition(".")[2] == short and found is not self.function
        ]
        return list(dict.fromkeys(others))

    @property
    def edges(self) -> list[Edge]:
        """Conventions that are no kinks of a number."""
        return [edge for edge in EDGES if find(edge.call.partition("(")[0]) is self.function]

    @property
    def call(self) -> str:
        """What its derivative is written for: a row at numbers, any other as in its example."""
        row = self.function.row
        return f"{self.name}({', '.join(row.args)})" if row is not None else self.example.expr

    def _shapes(self) -> list[dict[str, tuple[Any, ...]]]:
        """Shapes of the inputs of `call`, those with letters for sizes first."""
        row = self.function.row
        if row is not None:
            return [dict.fromkeys(row.args, ())]
        shapes = {name: np.shape(items) for name, items in self.example.inputs.items()}
        letters = {x: tuple([_SIZES.get(n, n) for n in shape]) for x, shape in shapes.items()}
        return [letters, shapes]

    @cached_property
    def derived(self) -> Derived | None:
        """The derivatives of its call as formulas, made by its rules; None where there are none."""
        if not self.example.inputs or not any(self._real()):
            return None
        for shapes in self._shapes():
            try:
                return derive(Program(self.call), {}, shapes, Request())
            except GradcliError:
                continue
        # It depends on values, as positions do, and has no one formula.
        return None

    def _real(self) -> list[bool]:
        return [output.value.dtype.kind == "f" for output in self.example.result.outputs]

    @cached_property
    def formulas(self) -> dict[str, str]:
        """Derivatives by the input; v is the seed where the value is a tensor.

        Of several outputs each has its seed, v0, v1, ..., and its place is in front: `1 x`. Empty
        where they are too long to show.
        """
        if self.derived is None:
            return {}
        found: dict[str, str] = {}
        several = len(self.derived.outputs) > 1
        for place, (output, real) in enumerate(
            zip(self.derived.outputs, self._real(), strict=True)
        ):
            prefix = f"{place} " if several else ""
            parts = {prefix + x: text.replace("\n", "; ") for x, text in output.parts.items()}
            found.update(parts if real else {})
        most = LONGEST_RULE if OPS.get(self.function.name) is not None else LONGEST
        return found if sum(map(len, found.values())) <= most else {}

    @property
    def conditions(self) -> list[str]:
        """Where the formulas hold: `where x != 0`, `while ...`."""
        names = set(self.derived.shapes) if self.derived is not None and self.formulas else set()
        found = self.derived.conditions if self.derived is not None else []
        told = [text for text in found if names & set(re.findall(r"\w+", text))]
        return [text.removeprefix("valid ") for text in told]

    @cached_property
    def example(self) -> Example:
        """Its example, which can be run."""
        call = self.function.example
        head = call.partition("(")[0]
        return Example(self.name + call[len(head) :] if head in self.function.spellings else call)


def _shortened(spelling: str) -> str:
    return spelling.replace("torch.nn.functional.", "F.")


def entries() -> list[Entry]:
    """Every function, group by group in the order of `GROUPS`, then by name."""
    load_all()
    found = [Entry(function) for function in dict.fromkeys(SPELLED.values())]
    order = list(GROUPS)
    return sorted(found, key=lambda entry: (order.index(entry.group), entry.name.lower()))


def look_up(name: str) -> list[Entry]:
    """The entries of a name, a sign or a group. Raises NameProblem with the nearest names."""
    load_all()
    if name in GROUPS:
        return [entry for entry in entries() if entry.group == name]
    full = name.replace("F.", "torch.nn.functional.", 1) if name.startswith("F.") else name
    found = find_bare(full) if "." not in full else find(full)
    if found is None:
        signs = {f.row.symbol: f for f in SPELLED.values() if f.row is not None}
        found = signs.get(name or " ")
    if found is None:
        short = name.rpartition(".")[2]
        bare = [spelling for spelling in SPELLED if "." not in spelling]
        near = did_you_mean(short, [*GROUPS, *bare])
        raise NameProblem(
            f"there is no function and no group `{name}`",
            hint=near or f"groups are {', '.join(GROUPS)}",
        )
    return [Entry(found)]
