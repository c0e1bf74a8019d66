"""A program's graph at some inputs, and what must be the same for it to hold at others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import Concrete, Plan
from gradcli.errors import ArgumentError, GradcliError
from gradcli.graph import Kind, Node, Shape, Trace, ancestors, building
from gradcli.language.build import span_of
from gradcli.language.interpret import Interpreter
from gradcli.ops.leaves import input_
from gradcli.ops.values import tensor

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping, Sequence

    from gradcli.settings import Settings

    Array = np.ndarray[Any, Any]


class Source:
    """A program's text and tree. stream: sets its random draws apart from other programs'."""

    def __init__(self, text: str, filename: str | None, tree: ast.Module, stream: int) -> None:
        self.text = text
        self.filename = filename
        self.tree = tree
        self.stream = stream


class Traced:
    """The graph of a program, with plans kept for what is asked of it. Fixed once it is made.

    inputs, outputs: nodes. static: names of inputs used as counts, sizes, axes or positions.
    declared: shapes of inputs that have no value; where the program needs one, tracing raises
    ArgumentError. sizes: names that stand for sizes.
    """

    def __init__(
        self,
        source: Source,
        settings: Settings,
        arrays: Mapping[str, Array],
        declared: Mapping[str, Shape] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.source = source
        self.settings = settings
        self.inputs: dict[str, Node] = {}
        self.static: list[str] = []
        self._guards: list[tuple[Node, Array]] = []
        self._plans: dict[Any, Any] = {}
        for name, array in arrays.items():
            kind: Kind = "bool" if array.dtype == np.bool_ else "real"
            params = (array.shape, name, kind)
            self.inputs[name] = Node(input_, (), params, ((array.shape, kind),))
        self.declared = list(declared or {})
        for name, shape in (declared or {}).items():
            self.inputs[name] = Node(input_, (), (shape, name, "real"), ((shape, "real"),))
        self.sizes = dict(sizes or {})
        self.outputs = self._interpret(self.values(arrays))
        self.notes: list[str] = []
        if settings.seed_was_picked:
            self.notes.append(f"random draws used --random-seed {settings.random_seed}")
        for name in self.static:
            self.notes.append(
                f"`{name}` is used as a count, size, axis or position: it is not differentiated"
            )

    def _interpret(self, values: dict[int, Array]) -> list[Node]:
        settings, source = self.settings, self.source
        known = Concrete(values, settings.dtype, settings.max_memory)

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

        trace = Trace(concretise, settings.max_nodes, settings.seed, source.stream)
        names: dict[str, Any] = {**self.inputs, **self.sizes}
        interpreter = Interpreter(names, settings.max_iterations)
        self.sites = interpreter.sites
        # The interpreter recurses as deeply as the parser let expressions nest, and no deeper.
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 1500 + 25 * settings.max_nesting))
        try:
            with building(trace):
                result = interpreter.run(source.tree)
                parts = result if isinstance(result, tuple) else (result,)
                last = source.tree.body[-1]
                if not parts:
                    raise ArgumentError("the value is an empty tuple", span=span_of(last))
                return [interpreter.located(last, tensor, part) for part in parts]
        except GradcliError as error:
            raise self.placed(error) from None
        finally:
            sys.setrecursionlimit(limit)

    def _unknown(self, node: Node) -> GradcliError:
        """The error for a value that depends on inputs of which only the shape is known."""
        read = [source.params[1] for source in ancestors([node]) if source.op is input_]
        name = next((name for name in read if name in self.declared), "")
        return ArgumentError(
            f"the program asks for the value of `{name}`", hint=f"give it, as in --{name} 1,2,3"
        )

    @property
    def guards(self) -> list[tuple[Node, Array]]:
        """Values that steered the trace, and what they were."""
        return list(self._guards)

    def _mark_static(self, node: Node) -> None:
        """Inputs that a count or a position was computed from are not differentiated."""
        for source in ancestors([node]):
            if source.op is input_ and source.params[1] not in self.static:
                self.static.append(source.params[1])

    def values(self, arrays: Mapping[str, Array]) -> dict[int, Array]:
        """Arrays by the serial of their input's node."""
        return {self.inputs[name].serial: array for name, array in arrays.items()}

    def holds(self, values: dict[int, Array]) -> bool:
        """Whether other inputs of the same shapes would steer the program the same way."""
        if not self._guards:
            return True
        try:
            found = self.plan("guards", lambda: [node for node, _ in self._guards]).run(values)
        except GradcliError:
            return False
        return all(
            np.array_equal(seen, now, equal_nan=seen.dtype.kind == "f")
            for (_, seen), now in zip(self._guards, found, strict=True)
        )

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for each key."""
        if key not in self._plans:
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
        plan = Plan(outputs, [*self.inputs.values(), *bound], batched, self.settings.dtype)
        plan.require(self.settings.max_memory)
        return plan

    def placed(self, error: GradcliError) -> GradcliError:
        """An error of the run with the place in the source of the node at fault."""
        site = None if error.node is None else self.sites.get(error.node)
        if error.span is None and site is not None:
            error.span = span_of(site)
        return error.located(self.source.text, self.source.filename)
