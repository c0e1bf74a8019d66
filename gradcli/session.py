"""The calculator: a program and inputs to values and derivatives.

The command line, the Python interface and the tests all go through here. A `Program` is parsed
once; tracing it at some inputs gives a `Traced` graph, which keeps its plans, and can be run again
at other inputs of the same shapes while the values that steered the trace are the same.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff import vjp
from gradcli.engine import Plan, evaluate_into
from gradcli.errors import (
    ArgumentError,
    GradcliError,
    InputError,
    NameProblem,
    SeedError,
    Span,
    SyntaxProblem,
    did_you_mean,
)
from gradcli.graph import Arena, Node, Trace, ancestors, building, dependents
from gradcli.jacobians import Mode, jacobian_of, seed_leaf
from gradcli.language.build import span_of
from gradcli.language.interpret import Interpreter
from gradcli.language.names import free_names, known_name
from gradcli.language.parser import parse
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import constant, input_, storage
from gradcli.ops.values import tensor
from gradcli.results import Evaluation, Jacobian, Output
from gradcli.settings import Settings
from gradcli.simplify import rewrite
from gradcli.wrt import Wrt, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Array = np.ndarray[Any, Any]


KEPT_TRACES = 32
"""Traces that a program keeps, one for each set of input shapes."""


class Program:
    """A parsed program. Raises SyntaxProblem, with the place, where the source is none.

    stream: sets its random draws apart from those of other programs under the same seed.
    """

    def __init__(
        self,
        source: str,
        *,
        filename: str | None = None,
        settings: Settings | None = None,
        stream: int = 0,
    ) -> None:
        self.source = source
        self.stream = stream
        self.filename = filename
        self.settings = settings or Settings()
        try:
            self.tree = parse(source, self.settings.max_nesting)
            if not self.tree.body:
                raise SyntaxProblem("the program is empty", span=Span(1, 0, 1, 0))
        except GradcliError as error:
            raise error.located(source, filename) from None
        # The interpreter recurses as deeply as the parser let expressions nest, and no deeper.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 1500 + 25 * self.settings.max_nesting))
        self.reads = free_names(self.tree)
        self._traced: dict[Any, Traced] = {}

    def check_names(self, given: Iterable[str]) -> None:
        """Raise NameProblem for an input that the program does not use."""
        for name in given:
            if name not in self.reads:
                unknown = [read for read in self.reads if known_name(read) is None]
                has = ", ".join(f"`{read}`" for read in unknown) or "no inputs"
                hint = did_you_mean(name, self.reads) or f"it uses {has}"
                hint = "the program sets it itself" if self.sets(name) else hint
                raise NameProblem(f"the program does not use `{name}`", hint=hint)

    def sets(self, name: str) -> bool:
        """Whether the program assigns to that name."""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.Name))
        return any(node.id == name and isinstance(node.ctx, ast.Store) for node in nodes)

    def missing(self, given: Iterable[str]) -> list[str]:
        """Names that the program reads and nothing binds."""
        bound = set(given)
        return [name for name in self.reads if name not in bound and known_name(name) is None]

    def trace(self, inputs: Mapping[str, Any]) -> Traced:
        """The program's graph at these inputs; an earlier one where it still holds."""
        arrays = {name: as_array(name, value, self.settings) for name, value in inputs.items()}
        key = tuple([(name, array.shape, array.dtype.kind) for name, array in arrays.items()])
        earlier = self._traced.get(key)
        if earlier is not None and earlier.rebind(arrays):
            return earlier
        traced = Traced(self, arrays)
        self._traced[key] = traced
        if len(self._traced) > KEPT_TRACES:
            del self._traced[next(iter(self._traced))]
        return traced


class Traced:
    """A program's graph, with the inputs it was traced at."""

    def __init__(self, program: Program, arrays: dict[str, Array]) -> None:
        self.program = program
        self.settings = program.settings
        self.inputs: dict[str, Node] = {}
        self.static: list[str] = []
        self.guards: list[tuple[Node, Array]] = []
        self.plans: dict[Any, Any] = {}
        self.extra: list[str] = []
        self.values: dict[int, Array] = {}
        for name, array in arrays.items():
            kind = "bool" if array.dtype == np.bool_ else "real"
            params = (array.shape, name, kind)
            self.inputs[name] = node = Node(input_, (), params, ((array.shape, kind),))  # type: ignore[arg-type]
            self.values[node.serial] = array
        self._held: dict[int, Any] = dict(self.values)
        settings = self.settings
        trace = Trace(self._concretise, settings.max_nodes, settings.seed, program.stream)
        interpreter = Interpreter(self.inputs, settings.max_iterations)
        self.sites = interpreter.sites
        with building(trace):
            try:
                result = interpreter.run(program.tree)
                several = isinstance(result, tuple)
                self.outputs = [
                    interpreter.located(program.tree.body[-1], tensor, part)
                    for part in (result if several else [result])
                ]
            except GradcliError as error:
                raise self._placed(error) from None
        self._held.clear()
        if several and not self.outputs:
            raise ArgumentError("the program's value is an empty tuple")
        self.notes: list[str] = []
        if settings.seed_was_picked:
            self.notes.append(f"random draws used --random-seed {settings.random_seed}")
        for name in self.static:
            self.notes.append(
                f"`{name}` is used as a count, size, axis or position: it is not differentiated"
            )

    def _concretise(self, node: Node, static: bool) -> Array:
        limit = self.settings.max_memory
        value: Array = evaluate_into(self._held, node, self.settings.dtype, limit)
        # A copy: an input's value is the caller's own array, which may change in place.
        self.guards.append((node, np.array(value)))
        if static and node.op is input_ and node.params[1] not in self.static:
            self.static.append(node.params[1])
        return value

    def rebind(self, arrays: dict[str, Array]) -> bool:
        """Take other inputs of the same shapes; False where they steer the trace elsewhere."""
        values = {self.inputs[name].serial: array for name, array in arrays.items()}
        if self.guards:
            plan = self._plan("guards", [node for node, _ in self.guards])
            found = plan.run(values)
            for (_, seen), now in zip(self.guards, found, strict=True):
                if not np.array_equal(seen, now, equal_nan=seen.dtype.kind == "f"):
                    return False
        self.values = values
        return True

    def _plan(self, key: Any, outputs: Sequence[Node], extra: Sequence[Node] = ()) -> Plan:
        """The plan kept under `key`, made on first use and checked against the memory limit."""
        plan = self.plans.get(key)
        if plan is None:
            bound = [*self.inputs.values(), *extra]
            plan = Plan(outputs, bound, dtype=self.settings.dtype)
            plan.require(self.settings.max_memory)
            self.plans[key] = plan
        kept: Plan = plan
        return kept

    def wanted(self, wrt: Sequence[str] | None) -> list[Wrt]:
        """What to differentiate by; everything that can be where nothing is named."""
        return resolve(wrt, self.inputs, self.static)

    def warnings(self, wanted: Sequence[Wrt]) -> list[str]:
        """What a result with derivatives by those should say."""
        order = ancestors(self.outputs)
        found = list(self.extra)
        for one in wanted:
            reached = dependents(order, [one.node])
            if not any(output.serial in reached for output in self.outputs):
                found.append(
                    f"`{one.label}` is not connected to the output: its derivative is zeros"
                )
        return found

    def _placed(self, error: GradcliError) -> GradcliError:
        """An error of the run with the place in the source of the node at fault."""
        site = None if error.node is None else self.sites.get(error.node)
        if error.span is None and site is not None:
            error.span = span_of(site)
        return error.located(self.program.source, self.program.filename)

    # --- value and gradient ----------------------------------------------------------------------

    def evaluate(
        self, seeds: Sequence[Any] = (), wrt: Sequence[str] | None = None, grad: bool = True
    ) -> Evaluation:
        """Values and, unless `grad` is false, vector-Jacobian products.

        seeds: one per output, each an array of its shape, "ones", or None (for scalars: 1).
        Raises SeedError where one is missing or of the wrong shape.
        """
        wanted = self.wanted(wrt)
        if not wanted and not seeds:
            grad = False
        try:
            return self._evaluated(seeds, wanted, grad)
        except GradcliError as error:
            raise self._placed(error) from None

    def _evaluated(self, seeds: Sequence[Any], wanted: list[Wrt], grad: bool) -> Evaluation:
        if not grad:
            arrays = self._plan("value", self.outputs).run(self.values)
            outputs = [
                Output(exact(array, node), None)
                for array, node in zip(arrays, self.outputs, strict=True)
            ]
            return Evaluation(outputs, list(self.extra), list(self.notes))
        checked = self._seeds(seeds)
        found = self._gradients(wanted, checked, False)
        if any(np.isnan(part).any() for _, parts in found for part in parts if part is not None):
            # A zero met an infinite local derivative, or the derivative does not exist: told apart
            # by keeping structural zeros out of the arithmetic.
            found = self._gradients(wanted, checked, True)
        outputs = []
        for node, (value, parts) in zip(self.outputs, found, strict=True):
            grads = {
                one.label: np.zeros(one.shape, self.settings.dtype)
                if part is None
                else owned(one.part(part))
                for one, part in zip(wanted, parts, strict=True)
            }
            outputs.append(Output(exact(value, node), grads))
        return Evaluation(outputs, self.warnings(wanted), list(self.notes))

    def _seeds(self, seeds: Sequence[Any]) -> list[Any]:
        """Seeds checked against the outputs' shapes."""
        if len(seeds) > len(self.outputs) or 0 < len(seeds) < len(self.outputs):
            raise SeedError(
                f"{len(seeds)} seed{'s' * (len(seeds) != 1)} for {len(self.outputs)} "
                f"output{'s' * (len(self.outputs) != 1)}",
                hint="--seed is repeated, once for each output in order",
            )
        checked: list[Any] = []
        for place, output in enumerate(self.outputs):
            seed = seeds[place] if seeds else None
            which = f" {place}" if len(self.outputs) > 1 else ""
            if seed is None:
                if output.size != 1:
                    raise SeedError(
                        f"output{which} has shape {shape_text(output.shape)}: "
                        "its gradient needs a seed of that shape",
                        hint="a seed v gives v^T J, one product with the Jacobian J: "
                        "`--seed ones` adds its rows up, `gradcli jacobian` gives all of J",
                    )
                seed = "ones"
            if isinstance(seed, str):
                if seed != "ones":
                    raise SeedError(f"a seed is a value or the word `ones`, not `{seed}`")
            else:
                seed = np.asarray(seed, self.settings.dtype)
                if seed.shape != output.shape:
                    raise SeedError(
                        f"the seed has shape {shape_text(seed.shape)}, output{which} has shape "
                        f"{shape_text(output.shape)}",
                        hint="a seed has the output's shape; nothing is broadcast",
                    )
            checked.append(seed)
        return checked

    def _gradients(
        self, wanted: list[Wrt], seeds: list[Any], strict: bool
    ) -> list[tuple[Array, list[Array | None]]]:
        """For each output its value and gradients; None where it is not connected."""
        names = tuple([one.node.serial for one in wanted])
        key = ("grad", names, tuple([isinstance(seed, str) for seed in seeds]), strict)
        if key not in self.plans:
            self.plans[key] = self._gradient_plan(wanted, seeds, strict)
        plan, leaves, present = self.plans[key]
        values = dict(self.values)
        for leaf, seed in zip(leaves, seeds, strict=True):
            if leaf is not None:
                values[leaf.serial] = seed
        found = iter(plan.run(values))
        return [
            (next(found), [next(found) if there else None for there in parts]) for parts in present
        ]

    def _gradient_plan(self, wanted: list[Wrt], seeds: list[Any], strict: bool) -> Any:
        leaves: list[Node | None] = []
        nodes: list[Node] = []
        present: list[list[bool]] = []
        wrt = [one.node for one in wanted]
        with building(Arena(rewrite)), np.errstate(all="ignore"):
            for output, seed in zip(self.outputs, seeds, strict=True):
                leaf = None if isinstance(seed, str) else seed_leaf(output)
                start = constant(1.0, output.shape) if leaf is None else leaf
                parts = vjp([output], [Cotangent(start)], wrt, strict=strict) if wrt else []
                leaves.append(leaf)
                nodes += [output, *[part for part in parts if part is not None]]
                present.append([part is not None for part in parts])
        bound = [*self.inputs.values(), *[leaf for leaf in leaves if leaf is not None]]
        plan = Plan(nodes, bound, dtype=self.settings.dtype)
        plan.require(self.settings.max_memory)
        return plan, leaves, present

    # --- Jacobian --------------------------------------------------------------------------------

    def jacobian(self, wrt: Sequence[str] | None = None, mode: Mode = "auto") -> Jacobian:
        """The Jacobian of every output by everything in `wrt`.

        Forward costs a pass for each input element, reverse one for each output element; auto
        takes the smaller number.
        """
        wanted = self.wanted(wrt)
        try:
            values = self._plan("value", self.outputs).run(self.values)
            outputs = [
                jacobian_of(self, output, exact(value, output), wanted, mode)
                for output, value in zip(self.outputs, values, strict=True)
            ]
        except GradcliError as error:
            raise self._placed(error) from None
        return Jacobian(outputs, self.warnings(wanted), list(self.notes))


def owned(array: Array) -> Array:
    """An array that a result may keep: writable, contiguous, and nobody else's."""
    return np.array(array, order="C")


def exact(array: Array, node: Node) -> Array:
    """An output's value: whole numbers as integers, where they are finite and fit."""
    if node.kind == "int" and np.all(np.abs(array) < 2**63):
        return array.astype(np.int64)
    return owned(array)


def as_array(name: str, value: Any, settings: Settings) -> Array:
    """An input as an array of the run's precision; booleans stay booleans.

    Raises InputError for complex numbers and for what is not numbers at all.
    """
    if isinstance(value, np.ndarray) and value.dtype == settings.dtype:
        return value
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError(f"`{name}` is not a regular array of numbers") from None
    if array.dtype.kind == "c":
        raise InputError(f"`{name}` is complex", hint="gradcli computes with real numbers")
    if array.dtype.kind not in "fiub":
        raise InputError(f"`{name}` is not an array of numbers")
    if array.dtype == np.bool_:
        return array
    with np.errstate(over="ignore"):
        narrow = array.astype(storage("real", settings.dtype))
    if settings.dtype != np.float64 and not np.array_equal(np.isinf(narrow), np.isinf(array)):
        raise InputError(f"`{name}` holds numbers beyond the range of {settings.dtype}")
    return narrow
