"""`check`: derivatives by reverse mode beside forward mode, differences and the complex step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff import vjp
from gradcli.engine import Unsure
from gradcli.errors import ArgumentError
from gradcli.graph import Arena, building
from gradcli.ops.cotangent import Cotangent
from gradcli.results import Found, Result
from gradcli.run import Run
from gradcli.seeds import seed_leaf
from gradcli.settings import Settings
from gradcli.simplify import rewrite
from gradcli.traced import Traced
from gradcli.trust.claims import judged
from gradcli.trust.comparing import agreement, numeric_agreement, within
from gradcli.trust.forward import Forward
from gradcli.trust.modes import by_forward, by_reverse
from gradcli.trust.numeric import INFINITE, KINK, along, complex_step, slopes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.graph import Node
    from gradcli.trust.claims import Claim, Verdict
    from gradcli.trust.comparing import Agreement
    from gradcli.trust.numeric import Slopes
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]

KINDS = ("grad", "jacobian", "hessian")
MAX_ELEMENTS = 2_000
"""Input elements that are checked one by one; of more, as many are chosen at random."""

MAX_WORK = 200_000_000
"""Numbers computed for the differences of one input, as far as fewer elements can help."""


class Block:
    """A derivative by one input, or of the gradient by one input by another.

    ours: what reverse mode gives, of shape `head + tail`, where `tail` is the input's. chosen:
    places in the flattened input that were checked. sources: each with how well it agrees. kinks:
    places (row, number of the chosen) with what stands there.
    """

    def __init__(
        self, labels: tuple[str, ...], ours: Array, tail: tuple[int, ...], chosen: Array
    ) -> None:
        self.labels = labels
        self.ours = ours
        self.tail = tail
        self.head = ours.shape[: ours.ndim - len(tail)]
        self.chosen = chosen
        self.sources: dict[str, Agreement] = {}
        self.slopes: Slopes | None = None
        self.kinks: list[dict[str, Any]] = []

    @property
    def matrix(self) -> Array:
        """The checked elements: a row for each number that is differentiated."""
        rows = int(np.prod(self.head, dtype=int))
        return self.ours.reshape(rows, -1)[:, self.chosen].astype(np.float64)

    def place(self, row: int, column: int) -> tuple[int, ...]:
        """The index in `ours` of a checked element."""
        head = np.unravel_index(row, self.head) if self.head else ()
        tail = np.unravel_index(int(self.chosen[column]), self.tail) if self.tail else ()
        return tuple(map(int, (*head, *tail)))

    def checked_place(self, place: tuple[int, ...]) -> tuple[int, int]:
        """Row and column of a checked element by its index in `ours`."""
        head, tail = place[: len(self.head)], place[len(self.head) :]
        row = int(np.ravel_multi_index(head, self.head)) if head else 0
        flat = int(np.ravel_multi_index(tail, self.tail)) if tail else 0
        return row, int(np.searchsorted(self.chosen, flat))

    @property
    def ok(self) -> bool:
        """Whether no source differs, and differences could decide at least one element."""
        numeric = self.sources.get("differences")
        decided = numeric is None or not len(self.chosen) or numeric.unsure < self.decisions
        return decided and all(found.differs == 0 for found in self.sources.values())

    @property
    def decisions(self) -> int:
        """How many derivatives were looked at."""
        return len(self.chosen) * int(np.prod(self.head, dtype=int))

    def described(self) -> dict[str, Any]:
        """What JSON has of it."""
        sources = {}
        for name, found in self.sources.items():
            one: dict[str, Any] = {"digits": found.digits, "agrees": found.differs == 0}
            if found.worst is not None:
                one["worst"] = list(self.place(*found.worst))
                one["found"] = found.found
            if found.differs:
                one["differs"] = found.differs
            if found.unsure:
                one["unsure"] = found.unsure
            sources[name] = one
        whole: dict[str, Any] = {"elements": len(self.chosen), **sources}
        if self.kinks:
            whole["kinks"] = self.kinks
        return whole


class CheckedOutput(Found):
    """One output's value and derivative (`grad`, `jacobian` or `hessian`), and what was checked."""

    def __init__(self, value: Array, kind: str, found: dict[str, Any], blocks: list[Block]) -> None:
        super().__init__(value)
        self.kind = kind
        self.found = found
        self.blocks = blocks
        self.claims: list[Verdict] = []

    @property
    def ok(self) -> bool:
        return all(block.ok for block in self.blocks) and all(one.ok for one in self.claims)

    def named(self) -> dict[str, Any]:
        return {self.kind: self.found}

    def facts(self) -> dict[str, Any]:
        checks: dict[str, Any] = {}
        for block in self.blocks:
            level = checks
            for label in block.labels[:-1]:
                level = level.setdefault(label, {})
            level[block.labels[-1]] = block.described()
        facts: dict[str, Any] = {"ok": self.ok, "check": checks}
        if self.claims:
            facts["claims"] = [one.described() for one in self.claims]
        return facts


class Checked(Result[CheckedOutput]):
    """What `check` found."""

    @property
    def ok(self) -> bool:
        """Whether every source agrees and every claim holds."""
        return all(output.ok for output in self.outputs)

    def facts(self) -> dict[str, Any]:
        return {"ok": self.ok}


def check(
    run: Run,
    *,
    kind: str = "grad",
    seed: Any = None,
    wrt: Sequence[str] | str | None = None,
    claims: Sequence[Claim] = (),
) -> Checked:
    """Check the derivatives of a run, and claims about them.

    kind: `grad` (of a vector the product with `seed`), `jacobian` or `hessian`. Raises SeedError
    and its like as the run itself does.
    """
    if kind not in KINDS:
        raise ArgumentError(f"the kind is one of {', '.join(KINDS)}, not {kind!r}")
    try:
        return _checked(run, kind, seed, wrt, claims)
    except Unsure:
        return _checked(Run(*run.traced.stricter(run.values)), kind, seed, wrt, claims)


def _checked(
    run: Run, kind: str, seed: Any, wrt: Sequence[str] | str | None, claims: Sequence[Claim]
) -> Checked:
    wanted = run.wanted(wrt)
    result: Any
    if kind == "grad":
        result = run.evaluate(seed, wrt)
    elif kind == "jacobian":
        result = run.jacobian(wrt, "reverse")
    else:
        result = run.hessian(wrt, seed)
    seeds = run.seeds(seed, kind != "jacobian")
    exact = in_float64(run)
    outputs = []
    for place, (found, start) in enumerate(zip(result.outputs, seeds, strict=True)):
        parts: dict[str, Any] = getattr(found, kind)
        judge = Judge(run, exact, place, start)
        if kind == "hessian":
            blocks = judge.second(wanted, parts)
        else:
            blocks = [judge.first(one, parts[one.label], kind) for one in wanted]
        outputs.append(CheckedOutput(found.value, kind, parts, blocks))
    checked = Checked(outputs, result.warnings, result.notes)
    checked.control_flow = result.control_flow
    for claim in claims:
        output = checked.outputs[claim.output]
        output.claims.append(judged(claim, output, run, seeds[claim.output]))
    return checked


def in_float64(run: Run) -> Run:
    """The same program at the same inputs in double precision."""
    if run.settings.dtype == np.float64:
        return run
    settings = Settings(
        max_memory=run.settings.max_memory,
        max_nodes=run.settings.max_nodes,
        max_nesting=run.settings.max_nesting,
        max_iterations=run.settings.max_iterations,
        max_depth=run.settings.max_depth,
        random_seed=run.settings.random_seed,
    )
    arrays = {}
    for name, node in run.traced.inputs.items():
        array = run.values[node.serial]
        arrays[name] = array if array.dtype == np.bool_ else array.astype(np.float64)
    traced = Traced(run.traced.source, settings, arrays)
    return Run(traced, traced.values(arrays))


class Judge:
    """Compares the derivatives of one output with the other sources.

    exact: the run in double precision. start: the seed, an array or "ones".
    """

    def __init__(self, run: Run, exact: Run, place: int, start: Any) -> None:
        self.run = run
        self.exact = exact
        self.y = run.outputs[place]
        self.exact_y = exact.outputs[place]
        self.seed = np.ones(self.y.shape) if isinstance(start, str) else start.astype(np.float64)

    def first(self, one: Wrt, ours: Array, kind: str) -> Block:
        """The gradient or the Jacobian by one input."""
        weights = self.seed if kind == "grad" else None
        forward = Forward([self.exact_y], self.exact.values, self._exact(one))
        chosen = self._chosen(one, forward)
        block = Block((one.label,), ours, one.shape, chosen)
        positions = one.columns()[chosen]
        pushed = by_forward(self.run, self.y, self.run.values, one.node, positions)
        if weights is not None:
            kept = weights.ravel() != 0
            with np.errstate(all="ignore"):
                pushed = (weights.ravel()[kept] @ pushed[kept])[None]
        return self._judged(block, "forward", pushed, forward, positions, weights)

    def second(self, wanted: list[Wrt], parts: dict[str, dict[str, Array]]) -> list[Block]:
        """The Hessian: the gradient by each input, differentiated by each again."""
        blocks = []
        for a in wanted:
            gradient, values = _gradient(self.run, self.y, self.seed, a)
            exact, held = gradient, values
            if self.exact is not self.run:
                exact, held = _gradient(self.exact, self.exact_y, self.seed, a, self._exact(a))
            for b in wanted:
                ours = parts[a.label][b.label]
                if gradient is None or exact is None:
                    blocks.append(Block((a.label, b.label), ours, b.shape, np.arange(0)))
                    continue
                forward = Forward([exact], held, self._exact(b), [self.exact_y])
                chosen = self._chosen(b, forward)
                block = Block((a.label, b.label), ours, b.shape, chosen)
                positions = b.columns()[chosen]
                rows = a.columns()
                twice = by_reverse(self.run, gradient, values, b.node, positions)[rows]
                blocks.append(
                    self._judged(block, "reverse twice", twice, forward, positions, None, rows)
                )
        return blocks

    def _exact(self, one: Wrt) -> Node:
        return self.exact.traced.inputs[one.node.params[1]]

    def _chosen(self, one: Wrt, forward: Forward) -> Array:
        work = sum(node.size for node in forward.moving) + one.node.size
        most = int(np.clip(MAX_WORK // (24 * max(work, 1)), 8, MAX_ELEMENTS))
        if one.size <= most:
            return np.arange(one.size)
        generator = np.random.default_rng(self.run.settings.random_seed or 0)
        return np.sort(generator.choice(one.size, most, replace=False))

    def _judged(
        self,
        block: Block,
        other: str,
        found: Array,
        forward: Forward,
        positions: Array,
        weights: Array | None,
        rows: Array | None = None,
    ) -> Block:
        dtype = self.run.settings.dtype
        ours = block.matrix
        numeric = slopes(forward, positions, weights)
        if rows is not None:
            numeric.keep(rows)
        block.slopes = numeric
        floor = numeric.floor()
        block.sources[other] = agreement(ours, found.astype(np.float64), dtype, floor)
        block.sources["differences"] = numeric_agreement(ours, numeric, dtype)
        if len(positions) < int(np.prod(block.tail, dtype=int)):
            self._all_at_once(block, forward, weights, rows)
        stepped = complex_step(forward, positions, weights)
        if stepped is not None:
            stepped = stepped if rows is None else stepped[rows]
            block.sources["complex step"] = agreement(ours, stepped, dtype, floor)
        _note_kinks(block, dtype)
        return block

    def _all_at_once(
        self, block: Block, forward: Forward, weights: Array | None, rows: Array | None
    ) -> None:
        """Where some elements were chosen, all of a whole input along one random direction."""
        x = forward.held[forward.x.serial]
        if x.shape != block.tail:
            return
        generator = np.random.default_rng([self.run.settings.random_seed or 0, 1])
        size = np.where(x == 0, min(1.0, float(np.abs(x).max(initial=0))) or 1.0, np.abs(x))
        direction = size * generator.choice([-1.0, 1.0], x.shape)
        numeric = along(forward, direction, weights)
        if rows is not None:
            numeric.keep(rows)
        matrix = block.ours.reshape(-1, x.size).astype(np.float64)
        with np.errstate(all="ignore"):
            moved = (matrix @ direction.ravel())[:, None]
        found = numeric_agreement(moved, numeric, self.run.settings.dtype)
        found.worst = None  # it is of no single element
        block.sources["all, along a direction"] = found


def _note_kinks(block: Block, dtype: Any) -> None:
    """Elements with a kink: the one-sided derivatives, and the one that is given."""
    numeric = block.slopes
    if numeric is None:
        return
    kinds = numeric.kinds()
    inside = within(block.matrix, numeric, dtype)
    for row, column in np.argwhere((kinds == KINK) | (kinds == INFINITE)):
        here = (row, column)
        sides = {"left": numeric.left[here], "right": numeric.right[here]}
        block.kinks.append(
            {
                "index": list(block.place(*here)),
                **{side: float(np.round(value, 9)) + 0.0 for side, value in sides.items()},
                "given": float(block.matrix[here]),
                "between": bool(inside[here]),
            }
        )


def _gradient(
    run: Run, y: Node, seed: Array, one: Wrt, node: Node | None = None
) -> tuple[Node | None, Mapping[int, Array]]:
    """The gradient of sum(seed*y) by an input as a node, and the values that it reads."""
    node = one.node if node is None else node
    with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
        leaf = seed_leaf(y)
        (part,) = vjp([y], [Cotangent(leaf)], [node])
    return part, {**run.values, leaf.serial: seed.astype(run.settings.dtype)}
