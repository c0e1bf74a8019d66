"""The calculator: a program and inputs to values and derivatives.

The command line, the Python interface and the tests all go through here. A `Program` is parsed
once; tracing it at some inputs gives a `Traced` graph, which keeps its plans, and can be run again
at other inputs of the same shapes while the values that steered the trace are the same.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradcli.autodiff import jvp, vjp
from gradcli.engine import Plan, evaluate_into, memory_error
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
from gradcli.graph import OPS, Arena, Node, Trace, ancestors, building, dependents
from gradcli.language.build import span_of
from gradcli.language.interpret import Interpreter
from gradcli.language.names import free_names, known_name
from gradcli.language.parser import parse
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import constant, input_, storage
from gradcli.ops.values import tensor
from gradcli.results import Evaluation, Jacobian, JacobianOutput, Output
from gradcli.settings import Settings
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Array = np.ndarray[Any, Any]

Mode = Literal["auto", "forward", "reverse"]
WORKING_SET = 128 << 20
"""Bytes that a chunk of batched seeds aims to stay under, so that it runs near the caches."""


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
        self.guards.append((node, value))
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

    def wanted(self, wrt: Sequence[str] | None) -> list[str]:
        """Names to differentiate by; all that can be where none are named.

        Raises NameProblem for a name that is no input.
        """
        if wrt is None:
            return [
                name
                for name, node in self.inputs.items()
                if node.kind == "real" and name not in self.static
            ]
        for name in wrt:
            if name not in self.inputs:
                hint = did_you_mean(name, list(self.inputs))
                hint = hint or f"inputs are {', '.join(f'`{known}`' for known in self.inputs)}"
                raise NameProblem(f"`{name}` is not an input", hint=hint)
            if self.inputs[name].kind != "real" or name in self.static:
                raise NameProblem(f"`{name}` is not a real input: it has no derivative")
        return list(dict.fromkeys(wrt))

    def warnings(self, names: Sequence[str]) -> list[str]:
        """What a result with derivatives by `names` should say."""
        order = ancestors(self.outputs)
        found = list(self.extra)
        for name in names:
            reached = dependents(order, [self.inputs[name]])
            if not any(output.serial in reached for output in self.outputs):
                found.append(f"`{name}` is not connected to the output: its derivative is zeros")
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
        names = self.wanted(wrt)
        if not names and not seeds:
            grad = False
        try:
            return self._evaluated(seeds, names, grad)
        except GradcliError as error:
            raise self._placed(error) from None

    def _evaluated(self, seeds: Sequence[Any], names: list[str], grad: bool) -> Evaluation:
        if not grad:
            arrays = self._plan("value", self.outputs).run(self.values)
            outputs = [
                Output(exact(array, node), None)
                for array, node in zip(arrays, self.outputs, strict=True)
            ]
            return Evaluation(outputs, [], list(self.notes))
        checked = self._seeds(seeds)
        found = self._gradients(names, checked, False)
        if any(np.isnan(array).any() for _, array in found if array is not None):
            # A zero met an infinite local derivative, or the derivative does not exist: told apart
            # by keeping structural zeros out of the arithmetic.
            found = self._gradients(names, checked, True)
        width = 1 + len(names)
        outputs = []
        for place, node in enumerate(self.outputs):
            row = [array for _, array in found[place * width : (place + 1) * width]]
            value = row[0]
            assert value is not None
            grads = {
                name: np.zeros(self.inputs[name].shape, self.settings.dtype)
                if part is None
                else owned(part)
                for name, part in zip(names, row[1:], strict=True)
            }
            outputs.append(Output(exact(value, node), grads))
        return Evaluation(outputs, self.warnings(names), list(self.notes))

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
        self, names: list[str], seeds: list[Any], strict: bool
    ) -> list[tuple[str, Array | None]]:
        """Value and gradients of each output in turn, under ("", value) and (name, gradient)."""
        key = ("grad", tuple(names), tuple([isinstance(seed, str) for seed in seeds]), strict)
        if key not in self.plans:
            self.plans[key] = self._gradient_plan(names, seeds, strict)
        plan, leaves, present = self.plans[key]
        values = dict(self.values)
        for leaf, seed in zip(leaves, seeds, strict=True):
            if leaf is not None:
                values[leaf.serial] = seed
        found = iter(plan.run(values))
        return [(name, next(found) if there else None) for name, there in present]

    def _gradient_plan(self, names: list[str], seeds: list[Any], strict: bool) -> Any:
        leaves: list[Node | None] = []
        nodes: list[Node | None] = []
        present: list[tuple[str, bool]] = []
        wrt = [self.inputs[name] for name in names]
        with building(Arena(rewrite)), np.errstate(all="ignore"):
            for output, seed in zip(self.outputs, seeds, strict=True):
                leaf = None if isinstance(seed, str) else seed_leaf(output)
                start = constant(1.0, output.shape) if leaf is None else leaf
                parts = vjp([output], [Cotangent(start)], wrt, strict=strict) if wrt else []
                leaves.append(leaf)
                nodes += [output, *parts]
                present += [("", True), *zip(names, [p is not None for p in parts], strict=True)]
        bound = [*self.inputs.values(), *[leaf for leaf in leaves if leaf is not None]]
        plan = Plan([node for node in nodes if node is not None], bound, dtype=self.settings.dtype)
        plan.require(self.settings.max_memory)
        return plan, leaves, present

    # --- Jacobian --------------------------------------------------------------------------------

    def jacobian(self, wrt: Sequence[str] | None = None, mode: Mode = "auto") -> Jacobian:
        """The Jacobian of every output by every input of `wrt`.

        Forward costs a pass for each input element, reverse one for each output element; auto
        takes the smaller number.
        """
        names = self.wanted(wrt)
        try:
            return self._jacobian(names, mode)
        except GradcliError as error:
            raise self._placed(error) from None

    def _jacobian(self, names: list[str], mode: Mode) -> Jacobian:
        values = self._plan("value", self.outputs).run(self.values)
        outputs = []
        for output, value in zip(self.outputs, values, strict=True):
            columns = sum(self.inputs[name].size for name in names)
            chosen = mode
            if mode == "auto":
                chosen = "reverse" if output.size <= columns else "forward"
            blocks = {name: self._block_memory(output, self.inputs[name], names) for name in names}
            fill = self._reverse_blocks if chosen == "reverse" else self._forward_blocks
            fill(output, blocks, False)
            if any(np.isnan(block).any() for block in blocks.values()):
                for block in blocks.values():
                    block[...] = 0
                self._reverse_blocks(output, blocks, True)
            for block in blocks.values():
                block += 0.0  # products with a seed's zeros leave -0.0 behind
            passes = output.size if chosen == "reverse" else columns
            shaped = {
                name: block.reshape(output.shape + self.inputs[name].shape)
                for name, block in blocks.items()
            }
            outputs.append(JacobianOutput(exact(value, output), shaped, chosen, passes))
        return Jacobian(outputs, self.warnings(names), list(self.notes))

    def _block_memory(self, output: Node, source: Node, names: list[str]) -> Array:
        """Zeros for one block, as a matrix; raises LimitError where the Jacobian does not fit."""
        itemsize = self.settings.dtype.itemsize
        columns = sum(self.inputs[name].size for name in names)
        need = output.size * columns * itemsize
        if need > self.settings.max_memory:
            raise memory_error(need, self.settings.max_memory, ", for the Jacobian alone")
        return np.zeros((output.size, source.size), self.settings.dtype)

    def _reverse_blocks(self, output: Node, blocks: dict[str, Array], strict: bool) -> None:
        wrt = [self.inputs[name] for name in blocks]
        with building(Arena(rewrite)), np.errstate(all="ignore"):
            leaf = seed_leaf(output)
            seed = Cotangent(leaf, OPS["not_equal"](leaf, 0.0) if strict else None)
            parts = vjp([output], [seed], wrt, strict=strict) if wrt else []
        targets = [
            (block, part)
            for block, part in zip(blocks.values(), parts, strict=True)
            if part is not None
        ]
        for start, rows in self._batches(leaf, [part for _, part in targets]):
            for (block, _), array in zip(targets, rows, strict=True):
                block[start : start + len(array)] = array.reshape(len(array), -1)

    def _forward_blocks(self, output: Node, blocks: dict[str, Array], strict: bool) -> None:
        del strict
        for name, block in blocks.items():
            source = self.inputs[name]
            with building(Arena(rewrite)), np.errstate(all="ignore"):
                leaf = seed_leaf(source)
                (part,) = jvp([output], [source], [leaf])
            if part is None:
                continue
            for start, (array,) in self._batches(leaf, [part]):
                block[:, start : start + len(array)] = array.reshape(len(array), -1).T

    def _batches(self, leaf: Node, results: list[Node]) -> Any:
        """Run unit seeds for `leaf` through `results`, a chunk of the batch at a time."""
        if not results or not leaf.size:
            return
        dtype, limit = self.settings.dtype, self.settings.max_memory
        plan = Plan(results, [*self.inputs.values(), leaf], [leaf], dtype)
        plan.require(limit)
        base = plan.peak(1)[0]
        each = max(1, plan.peak(2)[0] - base) + leaf.size * dtype.itemsize
        chunk = int(max(1, min(leaf.size, WORKING_SET // each, (limit - base) // each)))
        for start in range(0, leaf.size, chunk):
            count = min(chunk, leaf.size - start)
            seeds = np.zeros((count, leaf.size), dtype)
            seeds[np.arange(count), np.arange(start, start + count)] = 1
            values = {**self.values, leaf.serial: seeds.reshape(count, *leaf.shape)}
            arrays = plan.run(values)
            yield (
                start,
                [
                    array if batched else np.broadcast_to(array, (count, *array.shape))
                    for array, batched in zip(arrays, plan.output_batched, strict=True)
                ],
            )


def seed_leaf(like: Node) -> Node:
    """A leaf of a node's shape, to be bound to seeds or tangents when the plan is run."""
    return Node(input_, (), (like.shape, "seed", "real"), ((like.shape, "real"),))


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
