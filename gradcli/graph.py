"""The graph: immutable typed nodes, and the two ways they are built.

A program is traced: one node per evaluation, never merged, never simplified, so that what was
written stays visible and two random draws stay two. A derivative is built in an `Arena`, which
interns its nodes and rewrites them as they are made, and dies with the request. Which of the two is
at work is a context (`building`), so that one set of rules serves both.
"""

from __future__ import annotations

import gc
import math
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

from gradcli.errors import LimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, MutableMapping

    import numpy as np

    from gradcli.ops.family import Op

    Array = np.ndarray[Any, Any]
    Rewriting = Callable[[Op, tuple["Node", ...], tuple[Any, ...]], "Node | None"]

Kind = Literal["real", "int", "bool"]
Shape = tuple[int, ...]

MAX_NODES = 5_000_000
"""Nodes that a program, and each of its derivatives, may have by default."""

MAX_RANK = 31
"""Axes that a tensor may have: NumPy before 2.0 stops at 32, and a batch adds one."""


class Dim(int):
    """A size with a name: it computes as an int, and its arithmetic keeps the name.

    `Dim(7, "n") * 2` is the int 14 named `n*2`: everything runs at the sample size, and formulas
    print `n`. What is no whole number any more (`n/2`, `0.5*n`) is a float; in a program, a node.
    """

    name: str

    def __new__(cls, value: int, name: str) -> Dim:
        self = super().__new__(cls, value)
        self.name = name
        return self

    def __add__(self, other: Any) -> Any:
        return _computed("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return _computed("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return _computed("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _computed("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return _computed("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _computed("*", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _computed("//", self, other)

    def __neg__(self) -> int:
        return Dim(-int(self), f"-{self.name}" if self.name.isidentifier() else f"-({self.name})")


def _computed(symbol: str, left: Any, right: Any) -> Any:
    """Arithmetic of sizes and whole numbers: a size again."""
    if isinstance(left, int) and isinstance(right, int):
        a, b = int(left), int(right)
        value = a + b if symbol == "+" else a - b if symbol == "-" else a * b
        return _named(a // b if symbol == "//" else value, left, symbol, right)
    return NotImplemented


def _named(value: int, left: int, symbol: str, right: int) -> int:
    def text(size: int, second: bool = False) -> str:
        name = size.name if isinstance(size, Dim) else str(int(size))
        loose = symbol != "+" and any(sign in name for sign in "+-")
        return f"({name})" if loose or (second and symbol in "*//" and "/" in name) else name

    if symbol == "*" and (left == 1 or right == 1):
        return right if left == 1 else left
    if symbol in "+-" and right == 0:
        return left
    if symbol == "+" and left == 0:
        return right
    return Dim(value, f"{text(left)}{symbol}{text(right, True)}")


def size_of(shape: Shape) -> int:
    """The number of elements of a shape, its names kept."""
    total: int = 1
    for extent in shape:
        total = total * extent
    return total


_serials = count()


def mark() -> int:
    """A serial that no node has: those of nodes made before are smaller, of later ones greater."""
    return next(_serials)


class Node:
    """One value of a computation: an op, its operands, its static parameters, its type.

    `types` holds one (shape, kind) per output; `shape` and `kind` are those of the first. Serial
    numbers grow, so that sorting by them is a topological order. `value` is its array where nodes
    are computed as they are made (in scripts), and `note` what is kept with it there.
    """

    __slots__ = (
        "__weakref__",
        "inputs",
        "kind",
        "note",
        "op",
        "params",
        "serial",
        "shape",
        "types",
        "value",
    )

    def __init__(
        self,
        op: Op,
        inputs: tuple[Node, ...],
        params: tuple[Any, ...],
        types: tuple[tuple[Shape, Kind], ...],
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.params = params
        self.types = types
        self.shape, self.kind = types[0]
        self.serial = next(_serials)
        self.value: Any = None
        self.note: Any = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return size_of(self.shape)

    @property
    def carries(self) -> bool:
        """Whether an output can carry a derivative: whole numbers and booleans do not."""
        return self.kind == "real" or any(kind == "real" for _, kind in self.types[1:])

    def __repr__(self) -> str:
        return f"<{self.op.name} {self.shape} #{self.serial}>"

    # Arithmetic on nodes is what rules are written in; each sign names its row of the table.
    def __add__(self, other: Node | float) -> Node:
        return OPS["add"](self, other)

    def __radd__(self, other: Node | float) -> Node:
        return OPS["add"](other, self)

    def __sub__(self, other: Node | float) -> Node:
        return OPS["subtract"](self, other)

    def __rsub__(self, other: Node | float) -> Node:
        return OPS["subtract"](other, self)

    def __mul__(self, other: Node | float) -> Node:
        return OPS["multiply"](self, other)

    def __rmul__(self, other: Node | float) -> Node:
        return OPS["multiply"](other, self)

    def __truediv__(self, other: Node | float) -> Node:
        return OPS["divide"](self, other)

    def __rtruediv__(self, other: Node | float) -> Node:
        return OPS["divide"](other, self)

    def __pow__(self, other: Node | float) -> Node:
        return OPS["power"](self, other)

    def __neg__(self) -> Node:
        return OPS["negative"](self)


class Table(dict[str, "Op"]):
    """Rows by name; `load`, where it is set, brings in those that are imported only when used."""

    load: Callable[[], None] | None = None

    def __missing__(self, name: str) -> Op:
        if self.load is not None:
            self.load()
        if name in self:
            return self[name]
        raise KeyError(name)


OPS = Table()
"""The op table: every primitive by its name. Rows add themselves when they are constructed."""


class Trace:
    """Builds the program's nodes exactly as they are asked for.

    `concretise` gives the value of a node at the inputs of the run, for what must be known while
    tracing (static positions, masks); `max_nodes` bounds the trace. `strict` asks derivatives that
    the program takes to keep structural zeros apart from values; without it they are `watched`:
    where one of them is NaN, the program is to be traced again, strictly.
    """

    textbook = False
    """Whether rules are to be as a textbook writes them, for formulas."""

    left_out: list[Node] | None = None
    """Conditions of single points that rules left out (see `guarded`); None where they may not."""

    def __init__(
        self,
        concretise: Callable[[Node, bool], Array] | None = None,
        max_nodes: int = MAX_NODES,
        seed: Callable[[], int] | None = None,
        stream: int = 0,
        strict: bool = False,
    ) -> None:
        self._concretise = concretise
        self.max_nodes = max_nodes
        self.nodes = 0
        self._counts: Trace | None = None
        self.draws = 0
        self.stream = stream
        self._seed = seed
        self.strict = strict
        self.watched: set[int] = set()
        self.warnings: list[str] = []
        self._derivatives: Arena | None = None

    def make(self, op: Op, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        # Derivatives inside a program count as its own.
        counter = self._counts or self
        counter.nodes += 1
        if counter.nodes > counter.max_nodes:
            raise LimitError(
                f"the program, or its derivative, has more than {counter.max_nodes:,} nodes",
                hint="raise the limit with --max-nodes",
            )
        types = op.infer(inputs, params)
        if len(types[0][0]) > MAX_RANK or len(types[-1][0]) > MAX_RANK:
            raise LimitError(
                f"a tensor has at most {MAX_RANK} axes",
                hint="`reshape` joins axes that belong together",
            )
        return Node(op, inputs, params, types)

    def derivatives(self, rewrite: Rewriting) -> Arena:
        """The arena of the derivatives that the program itself takes.

        It is one for all of them, so that what a derivative shares with an earlier one is found.
        """
        if self._derivatives is None:
            self._derivatives = Arena(rewrite, within=self)
        return self._derivatives

    def opens(self, node: Node) -> bool:
        """Whether rewrites may look at what a node is made of."""
        return True

    def watch(self, node: Node) -> None:
        """Note a derivative that must not be NaN, unless it was built strictly."""
        if not self.strict:
            self.watched.add(node.serial)

    def warn(self, text: str) -> None:
        """Note, once, what the result should say."""
        if text not in self.warnings:
            self.warnings.append(text)

    def concretise(self, node: Node, static: bool = False) -> Array:
        """The value of `node` now; raises LookupError outside a run.

        `static` says that it serves as a count, size, axis or position, which no derivative sees.
        """
        if self._concretise is None:
            raise LookupError("no run to take a value from")
        return self._concretise(node, static)

    def next_draw(self) -> tuple[int, int, int]:
        """(seed, stream, number) of the next random draw: two are never one.

        Raises LookupError outside a run.
        """
        if self._seed is None:
            raise LookupError("no run to draw in")
        self.draws += 1
        return self._seed(), self.stream, self.draws


class Arena(Trace):
    """Builds derivative nodes: interned, and rewritten by rules that keep every value.

    within: the trace of the program that takes the derivative, whose limits and values hold here.
    Its nodes are variables of later derivatives, so that rewrites must not look behind them.
    """

    def __init__(
        self,
        rewrite: Rewriting,
        max_nodes: int = MAX_NODES,
        *,
        within: Trace | None = None,
        strict: bool = False,
    ) -> None:
        super().__init__(max_nodes=max_nodes, strict=strict)
        self._rewrite = rewrite
        self._within = within
        if within is not None:
            self.strict, self._counts = within.strict, within._counts or within
            self.watched, self.warnings = within.watched, within.warnings
            self._concretise = within.concretise
        # A program may throw derivatives away, and then they are gone.
        self._interned: MutableMapping[Any, Node] = {} if within is None else WeakValueDictionary()

    def make(self, op: Op, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        key = _interning_key(op, inputs, params)
        found = self._interned.get(key)
        if found is not None:
            return found
        node = self._rewrite(op, inputs, params)
        if node is None:
            node = Trace.make(self, op, inputs, params)
        self._interned[key] = node
        return node

    def derivatives(self, rewrite: Rewriting) -> Arena:
        return self

    def opens(self, node: Node) -> bool:
        if self._within is None:
            return True
        return self._interned.get(_interning_key(node.op, node.inputs, node.params)) is node

    def next_draw(self) -> tuple[int, int, int]:
        return super().next_draw() if self._within is None else self._within.next_draw()


def _interning_key(op: Op, inputs: tuple[Node, ...], params: tuple[Any, ...]) -> Any:
    """Operands are compared by identity: their serial numbers stand for them."""
    if params:
        return op, tuple([node.serial for node in inputs]), op.key(params)
    if len(inputs) == 2:
        return op, inputs[0].serial, inputs[1].serial
    return op, *[node.serial for node in inputs]


_builder: ContextVar[Trace] = ContextVar("builder")


@contextmanager
def building(builder: Trace) -> Iterator[Trace]:
    """Within this context, nodes are made by `builder`."""
    token = _builder.set(builder)
    try:
        yield builder
    finally:
        _builder.reset(token)


@contextmanager
def uncollected() -> Iterator[None]:
    """Within this context, the garbage collector waits.

    Graphs have no cycles, and walking over all that was made so far, again and again, would take a
    third of the time that making them does.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def builder() -> Trace:
    """The builder at work; raises LookupError where none was chosen."""
    return _builder.get()


def make(op: Op, inputs: tuple[Node, ...], params: tuple[Any, ...] = ()) -> Node:
    """Make a node with the builder at work."""
    return _builder.get().make(op, inputs, params)


def ancestors(outputs: Iterable[Node], since: int = 0, stop: Container[int] = ()) -> list[Node]:
    """Every node that `outputs` are computed from, themselves included, operands first.

    Nodes with a serial below `since` are left out: none of them depends on a node that young. What
    lies behind the nodes whose serials are in `stop` is left out too.
    """
    seen: dict[int, Node] = {}
    stack = list(outputs)
    pop, extend = stack.pop, stack.extend
    while stack:
        node = pop()
        serial = node.serial
        if serial not in seen and serial >= since:
            seen[serial] = node
            if serial not in stop:
                extend(node.inputs)
    return [seen[serial] for serial in sorted(seen)]


def dependents(order: list[Node], sources: Iterable[Node]) -> set[int]:
    """Serials of the nodes of `order` (operands first) that a derivative reaches from `sources`.

    An op may cut it (detach).
    """
    active = {node.serial for node in sources}
    for node in order:
        for operand in node.inputs:
            if operand.serial in active:
                if node.op.differentiable and (node.kind == "real" or node.carries):
                    active.add(node.serial)
                break
    return active


def reached(outputs: Iterable[Node]) -> set[int]:
    """Serials of the nodes by which a derivative of any of `outputs` is not zero everywhere."""
    seen: set[int] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.serial not in seen:
            seen.add(node.serial)
            if node.op.differentiable and (node.kind == "real" or node.carries):
                stack.extend(node.inputs)
    return seen


def float_key(value: float) -> str:
    """A key that tells 0.0 from -0.0 and finds NaN again."""
    return float(value).hex() if not math.isnan(value) else "nan"
