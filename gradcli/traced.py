"""A program's graph at some inputs, and what must be the same for it to hold at others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import Concrete, Plan, Unsure
from gradcli.errors import ArgumentError, GradcliError
from gradcli.graph import Kind, Node, Shape, Trace, ancestors, building, uncollected
from gradcli.language.interpret import Interpreter
from gradcli.language.places import span_of
from gradcli.language.stack import with_room
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.leaves import input_
from gradcli.ops.values import tensor

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping, Sequence

    from gradcli.settings import Settings

    Array = np.ndarray[Any, Any]


class Source:
    """A program's text and tree.

    stream: sets its random draws apart from other programs'. entry: the function that it is, where
    one of several was named.
    """

    def __init__(
        self,
        text: str,
        filename: str | None,
        tree: ast.Module,
        stream: int,
        entry: str | None = None,
    ) -> None:
        self.text = text
        self.filename = filename
        self.tree = tree
        self.stream = stream
        self.entry = entry


class Traced:
    """The graph of a program, with plans kept for what is asked of it. Fixed once it is made.

    inputs, outputs: nodes. static: names of inputs used as counts, sizes, axes or positions.
    strict: whether derivatives that the program takes keep structural zeros apart from values;
    otherwise a run in which one of them is NaN ends with Unsure, and is for `stricter` to answer.
    warnings: what tracing noted. declared: shapes of inputs that have no value; where the program
    needs one, tracing raises ArgumentError. sizes: names that stand for sizes.
    """

    def __init__(
        self,
        source: Source,
        settings: Settings,
        arrays: Mapping[str, Array],
        strict: bool = False,
        *,
        declared: Mapping[str, Shape] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.source = source
        self.settings = settings
        self.inputs: dict[str, Node] = {}
        self._stricter: Traced | None = None
        self._plans: dict[Any, Any] = {}
        for name, array in arrays.items():
            kind: Kind = "bool" if array.dtype == np.bool_ else "real"
            params = (array.shape, name, kind)
            self.inputs[name] = Node(input_, (), params, ((array.shape, kind),))
        for name, shape in (declared or {}).items():
            self.inputs[name] = Node(input_, (), (shape, name, "real"), ((shape, "real"),))
        self._declared = list(declared or {})
        self._sizes = dict(sizes or {})
        try:
            self.outputs = self._interpret(self.values(arrays), strict)
        except Unsure:
            self.outputs = self._interpret(self.values(arrays), True)
        if settings.seed_was_picked:
            self.notes.append(f"random draws used --random-seed {settings.random_seed}")
        for name in self.static:
            self.notes.append(
                f"`{name}` is used as a count, size, axis or position: it is not differentiated"
            )

    def _interpret(self, values: dict[int, Array], strict: bool) -> list[Node]:
        settings, source = self.settings, self.source
        self.static: list[str] = []
        self.notes: list[str] = []
        self.control_flow: list[dict[str, Any]] = []
        self._guards: list[tuple[Node, Array]] = []

        def concretise(node: Node, static: bool) -> Array:
            try:
                value = known.value(node)
            except LookupError:
                raise self._unknown(node) from None
            # A copy: an input's value is the caller's own array, which may change in place.
            self._guards.append((node, np.array(value)))
            if static:
                self._mark_static(node)
            return value

        trace = Trace(concretise, settings.max_nodes, settings.seed, source.stream, strict)
        known = Concrete(values, settings.dtype, settings.max_memory, trace.watched)
        self.watched, self.warnings = trace.watched, trace.warnings
        names: dict[str, Any] = dict(self._sizes)
        names |= {name: Tensor(node) for name, node in self.inputs.items()}
        interpreter = Interpreter(names, settings.max_iterations, settings.max_depth)
        self.sites = interpreter.sites
        self.passed_on = interpreter.passed_on
        self.frames = interpreter.frames
        try:
            with building(trace), uncollected():
                last = source.tree.body[-1]
                result = with_room(
                    settings.max_nesting,
                    settings.max_depth,
                    lambda: interpreter.located(
                        last, bare, interpreter.run(source.tree, source.entry)
                    ),
                )
                parts = result if isinstance(result, tuple) else (result,)
                if not parts:
                    raise ArgumentError("the value is an empty tuple", span=span_of(last))
                outputs = [interpreter.located(last, tensor, part) for part in parts]
            self.control_flow = interpreter.flow.events(source.text)
            if interpreter.flow.constants:
                self.notes.append(
                    "`float` and `.item()` make constants: no derivative goes through"
                )
            self.notes += [f"printed: {text}" for text in interpreter.printed]
            return outputs
        except GradcliError as error:
            raise self.placed(error) from None

    def _unknown(self, node: Node) -> GradcliError:
        """The error for a value that depends on inputs of which only the shape is known."""
        read = [source.params[1] for source in ancestors([node]) if source.op is input_]
        name = next((name for name in read if name in self._declared), "")
        return ArgumentError(
            f"the program asks for the value of `{name}`", hint=f"give it, as in --{name} 1,2,3"
        )

    @property
    def guards(self) -> list[tuple[Node, Array]]:
        """Values that steered the trace, and what they were."""
        return list(self._guards)

    def _mark_static(self, node: Node) -> None:
        """Inputs that a count or a position was computed from are not differentiated.

        Those behind a comparison or an argmax only chose it: they are data.
        """
        stack, seen = [node], {node.serial}
        while stack:
            source = stack.pop()
            if source.op is input_ and source.params[1] not in self.static:
                self.static.append(source.params[1])
            for operand in source.inputs:
                chosen = source.kind != "real" and operand.kind == "real"
                if not chosen and operand.serial not in seen:
                    seen.add(operand.serial)
                    stack.append(operand)

    def values(self, arrays: Mapping[str, Array]) -> dict[int, Array]:
        """Arrays by the serial of their input's node."""
        return {self.inputs[name].serial: array for name, array in arrays.items()}

    def holds(self, values: dict[int, Array]) -> bool:
        """Whether other inputs of the same shapes would steer the program the same way."""
        if not self._guards:
            return True
        try:
            found = self.plan("guards", lambda: [node for node, _ in self._guards]).run(values)
        except (GradcliError, Unsure):
            return False
        return all(
            np.array_equal(seen, now, equal_nan=seen.dtype.kind == "f")
            for (_, seen), now in zip(self._guards, found, strict=True)
        )

    def agreeing(self, values: dict[int, Array], batched: Sequence[Node], count: int) -> Array:
        """Which of many inputs, along a leading axis of those `batched`, steer it the same way.

        Raises what computing the guards raises.
        """
        key = ("guards", tuple([node.serial for node in batched]))
        nodes = [node for node, _ in self._guards]
        plan: Plan = self.kept(key, lambda: self.checked_plan(nodes, (), batched))
        plan.require(self.settings.max_memory, count)
        same = np.ones(count, np.bool_)
        for (_, seen), now, each in zip(
            self._guards, plan.run(values), plan.output_batched, strict=True
        ):
            if each:
                rows = now.reshape(count, -1)
                equal = (rows == seen.ravel()) | ((rows != rows) & (seen != seen).ravel())
                same &= equal.all(axis=1)
        return same

    def stricter(self, values: dict[int, Array]) -> tuple[Traced, dict[int, Array]]:
        """The same program at the same inputs with strict derivatives, and its input values."""
        arrays = {name: values[node.serial] for name, node in self.inputs.items()}
        twin = self._stricter
        if twin is None or not twin.holds(twin.values(arrays)):
            twin = self._stricter = Traced(self.source, self.settings, arrays, True)
        return twin, twin.values(arrays)

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for each key."""
        if key not in self._plans:
            with uncollected():
                self._plans[key] = make()
        return self._plans[key]

    def plan(self, key: Any, outputs: Callable[[], Sequence[Node]]) -> Plan:
        """The plan for nodes that depend on inputs alone, kept under `key`."""
        plan: Plan = self.kept(key, lambda: self.checked_plan(outputs()))
        return plan

    def checked_plan(
        self, outputs: Sequence[Node], bound: Sequence[Node] = (), batched: Sequence[Node] = ()
    ) -> Plan:
        """A plan over the inputs and `bound`. Raises LimitError where memory would not do."""
        leaves = [*self.inputs.values(), *bound]
        settings = self.settings
        plan = Plan(
            outputs, leaves, batched, settings.dtype, self.watched, threads=settings.threads
        )
        plan.require(self.settings.max_memory)
        return plan

    def site(self, serial: int) -> ast.AST | None:
        """What stands in the source for a node of the program, by its serial."""
        # A node inside a function: it was written where the next node that was noted was.
        later = [noted for noted in self.sites if noted >= serial]
        return self.sites[min(later)] if later else None

    def placed(self, error: GradcliError) -> GradcliError:
        """An error of the run with the place in the source of the node at fault."""
        site = None if error.node is None else self.site(error.node)
        if error.span is None and site is not None:
            error.span = span_of(site)
        return error.located(self.source.text, self.source.filename)
