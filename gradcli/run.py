"""A traced program at its inputs: values, gradients, Jacobians."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import numpy as np

from gradcli.arrays import as_array, exact, has_finite_sum, has_nan, owned
from gradcli.autodiff import vjp
from gradcli.doctor import diagnose
from gradcli.engine import Unsure
from gradcli.errors import ArgumentError, GradcliError, SeedError
from gradcli.graph import OPS, Arena, Node, building, reached
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import constant
from gradcli.results import (
    Derivative,
    DerivativeOutput,
    Diagonal,
    DiagonalOutput,
    Evaluation,
    Hessian,
    Jacobian,
    Output,
    Product,
    ProductOutput,
    Result,
    Tangent,
    TangentOutput,
)
from gradcli.seeds import seed_leaf
from gradcli.simplify import rewrite
from gradcli.wrt import Wrt, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gradcli.engine import Plan
    from gradcli.jacobians import Allocate, Mode
    from gradcli.passages import Passages
    from gradcli.recording import Recording
    from gradcli.traced import Traced

    Array = np.ndarray[Any, Any]


SEED_HINTS = {
    "gradient": "a seed v gives v^T J, one product with the Jacobian J: `--seed ones` adds its "
    "rows up, `gradcli jacobian` gives all of J",
    "Hessian": "a seed v gives the Hessian of sum(v*output), a single number: `--seed ones` is "
    "that of the sum",
}

Method = TypeVar("Method", bound="Callable[..., Any]")


def sure(method: Method) -> Method:
    """A method of Run, asked again of the strict program where a derivative inside it was NaN."""

    @wraps(method)
    def asked(self: Run, *args: Any, **kwargs: Any) -> Any:
        run = self
        try:
            result = method(run, *args, **kwargs)
        except Unsure:
            run = Run(*self.traced.stricter(self.values))
            run.extra = [*self.extra]
            result = method(run, *args, **kwargs)
        result.control_flow = run.traced.control_flow
        if isinstance(result, Result) and not result.surely_finite:
            result.warnings = [*result.warnings, *diagnose(run, result)]
        return result

    return asked  # type: ignore[return-value]


class Run:
    """A graph and arrays for its inputs; several of them may share a graph.

    values: arrays by the serial of an input's node. extra: warnings to pass on with any result.
    """

    def __init__(self, traced: Traced, values: dict[int, Array]) -> None:
        self.traced = traced
        self.settings = traced.settings
        self.outputs = traced.outputs
        self.values = values
        self.extra: list[str] = list(traced.warnings)

    def warnings(self, wanted: Sequence[Wrt]) -> list[str]:
        """What a result with derivatives by those should say."""
        connected = self.traced.kept("connected", lambda: reached(self.outputs))
        return self.extra + [
            f"`{one.label}` is not connected to the output: its derivative is zeros"
            for one in wanted
            if one.node.serial not in connected
        ]

    def wanted(self, wrt: Sequence[str] | str | None) -> list[Wrt]:
        """What to differentiate by; everything that can be where nothing is named."""
        names = [wrt] if isinstance(wrt, str) else wrt
        return resolve(names, self.traced.inputs, self.traced.static)

    # --- value and gradient ----------------------------------------------------------------------

    @sure
    def evaluate(
        self, seed: Any = None, wrt: Sequence[str] | str | None = None, grad: bool = True
    ) -> Evaluation:
        """Values and, unless `grad` is false, vector-Jacobian products.

        seed: an array of the output's shape, "ones", or None (for scalars: 1); with several outputs
        a sequence of them, or "ones" for all. Raises SeedError where one is missing or of the
        wrong shape.
        """
        wanted = self.wanted(wrt) if grad else []
        seeds = self.seeds(seed, bool(wanted))
        try:
            result = self._evaluated(seeds, wanted, grad)
        except GradcliError as error:
            raise self.traced.placed(error) from None
        return result

    def _evaluated(self, seeds: list[Any], wanted: list[Wrt], grad: bool) -> Evaluation:
        notes = list(self.traced.notes)
        if not wanted:
            arrays = self._values()
            empty: dict[str, Array] | None = {} if grad else None
            outputs = [
                Output(array if node.kind == "real" else exact(array, node), empty)
                for array, node in zip(arrays, self.outputs, strict=True)
            ]
            return Evaluation(outputs, list(self.extra), notes)
        found = self._gradients(wanted, seeds, False)
        parts = [part for _, parts in found for part in parts]
        certain = all([has_finite_sum(part) for part in parts])
        if not certain and has_nan(parts):
            # A zero met an infinite local derivative, or the derivative does not exist: told apart
            # by keeping structural zeros, and those of the seed, out of the arithmetic.
            found = self._gradients(wanted, seeds, True)
        outputs = []
        for node, (value, parts) in zip(self.outputs, found, strict=True):
            grads = {
                one.label: self._part(one, part) for one, part in zip(wanted, parts, strict=True)
            }
            outputs.append(Output(value if node.kind == "real" else exact(value, node), grads))
        result = Evaluation(outputs, self.warnings(wanted), notes)
        result.surely_finite = certain and all([has_finite_sum(value) for value, _ in found])
        return result

    @sure
    def recorded(
        self, seed: Any = None, wrt: Sequence[str] | str | None = None, back: bool = True
    ) -> Recording:
        """Everything that happens: the value of each node and, with `back`, its cotangent.

        seed, wrt: as for `evaluate`; the derivative is that of all outputs together.
        """
        from gradcli.recording import record

        wanted = self.wanted(wrt) if back else []
        seeds = self.seeds(seed, True) if back and wanted else None
        try:
            return record(self, seeds, wanted)
        except GradcliError as error:
            raise self.traced.placed(error) from None

    @sure
    def passages(self, seed: Any = None, wrt: Sequence[str] | str | None = None) -> Passages:
        """Every step of what `evaluate` does, forward and back; the same arguments and errors."""
        from gradcli.passages import passages_back

        wanted = self.wanted(wrt)
        seeds = self.seeds(seed, bool(wanted))
        try:
            return passages_back(self, seeds, wanted)
        except GradcliError as error:
            raise self.traced.placed(error) from None

    @sure
    def passages_along(self, tangents: Mapping[str, Any]) -> Passages:
        """Every step of what `jvp` does; the same arguments and errors."""
        from gradcli.derivatives import Direction
        from gradcli.passages import passages_forward

        direction = Direction(self, tangents)
        try:
            return passages_forward(self, direction, direction.wanted)
        except GradcliError as error:
            raise self.traced.placed(error) from None

    def _part(self, one: Wrt, gradient: Array | None) -> Array:
        """The part of a gradient that was asked for; zeros where it is not connected."""
        if gradient is None:
            return np.zeros(one.shape, self.settings.dtype)
        part = one.part(gradient)
        return part if part is gradient else owned(part)

    def seeds(self, seed: Any, needed: bool, what: str = "gradient") -> list[Any]:
        """A seed for each output, as an array of its shape or "ones"; `what` needs it."""
        count = len(self.outputs)
        if isinstance(seed, str):
            if seed != "ones":
                raise SeedError(f"a seed is a value or the word `ones`, not `{seed}`")
            return ["ones"] * count
        if count == 1 or seed is None:
            seeds = [seed] * count
        else:
            seeds = list(seed) if isinstance(seed, (list, tuple)) else [seed]
        if len(seeds) != count:
            plural = "s" * (len(seeds) != 1)
            raise SeedError(
                f"{len(seeds)} seed{plural} for {count} outputs",
                hint="--seed is repeated, once for each output in order",
            )
        numbered = [f" {place}" if count > 1 else "" for place in range(count)]
        return [
            self._seed(one, output, which, what if needed else "")
            for one, output, which in zip(seeds, self.outputs, numbered, strict=True)
        ]

    def _seed(self, seed: Any, output: Node, which: str, what: str) -> Any:
        if seed is None:
            if output.size != 1 and what:
                raise SeedError(
                    f"output{which} has shape {shape_text(output.shape)}: "
                    f"its {what} needs a seed of that shape",
                    hint=SEED_HINTS[what],
                )
            return "ones"
        if isinstance(seed, str):
            if seed != "ones":
                raise SeedError(f"a seed is a value or the word `ones`, not `{seed}`")
            return seed
        array = as_array("seed", seed, self.settings).astype(self.settings.dtype, copy=False)
        if array.shape != output.shape:
            raise SeedError(
                f"the seed has shape {shape_text(array.shape)}, output{which} has shape "
                f"{shape_text(output.shape)}",
                hint="a seed has the output's shape; nothing is broadcast",
            )
        return array

    def _gradients(
        self, wanted: list[Wrt], seeds: list[Any], strict: bool
    ) -> list[tuple[Array, list[Array | None]]]:
        """For each output its value and gradients; None where it is not connected."""
        names = tuple([one.node.serial for one in wanted])
        given = tuple([not isinstance(seed, str) for seed in seeds])
        plan, leaves, present = self.traced.kept(
            ("gradients", names, given, strict), lambda: self._gradient_plan(wanted, given, strict)
        )
        values = dict(self.values)
        for leaf, seed in zip(leaves, seeds, strict=True):
            if leaf is not None:
                values[leaf.serial] = seed
        found = iter(plan.run(values, own=True))
        return [
            (next(found), [next(found) if there else None for there in parts]) for parts in present
        ]

    def _gradient_plan(
        self, wanted: list[Wrt], given: tuple[bool, ...], strict: bool
    ) -> tuple[Plan, list[Node | None], list[list[bool]]]:
        nodes, leaves, present = self.gradient_nodes(wanted, given, strict)
        bound = [leaf for leaf in leaves if leaf is not None]
        return self.traced.checked_plan(nodes, bound), leaves, present

    def gradient_nodes(
        self, wanted: list[Wrt], given: tuple[bool, ...], strict: bool
    ) -> tuple[list[Node], list[Node | None], list[list[bool]]]:
        """Each output and its gradients, those that are there, in one list of nodes.

        With them a leaf for the seed of each output, where one of values is given, and which of
        `wanted` the output is connected to.
        """
        leaves: list[Node | None] = []
        nodes: list[Node] = []
        present: list[list[bool]] = []
        wrt = [one.node for one in wanted]
        arena = Arena(rewrite, self.settings.max_nodes)
        with building(arena), np.errstate(all="ignore"):
            for output, by_value in zip(self.outputs, given, strict=True):
                leaf = seed_leaf(output) if by_value else None
                start = Cotangent(constant(1.0, output.shape) if leaf is None else leaf)
                if leaf is not None and strict:
                    start.mask = OPS["not_equal"](leaf, 0.0)
                parts = vjp([output], [start], wrt, strict=strict)
                leaves.append(leaf)
                nodes += [output, *[part for part in parts if part is not None]]
                present.append([part is not None for part in parts])
        return nodes, leaves, present

    # --- Jacobian and elementwise derivatives ----------------------------------------------------

    @overload
    def jacobian(
        self,
        wrt: Sequence[str] | str | None = ...,
        mode: Mode = ...,
        *,
        diag: Literal[False] = False,
        sparse: bool | None = ...,
        allocate: Allocate | None = ...,
    ) -> Jacobian: ...
    @overload
    def jacobian(
        self, wrt: Sequence[str] | str | None = ..., mode: Mode = ..., *, diag: Literal[True]
    ) -> Diagonal: ...
    @overload
    def jacobian(
        self,
        wrt: Sequence[str] | str | None = ...,
        mode: Mode = ...,
        *,
        diag: bool,
        sparse: bool | None = ...,
    ) -> Jacobian | Diagonal: ...
    @sure
    def jacobian(
        self,
        wrt: Sequence[str] | str | None = None,
        mode: Mode = "auto",
        *,
        diag: bool = False,
        sparse: bool | None = False,
        allocate: Allocate | None = None,
    ) -> Jacobian | Diagonal:
        """The Jacobian of every output by everything in `wrt`.

        Forward costs a pass for each input element, reverse one for each output element; auto
        takes the smaller count. `diag` asks for the diagonals alone, where there is nothing beside
        them: of one pass, where the graph shows it. `sparse` gives SciPy arrays in compressed
        rows, of shape (output elements, input elements); None does so where arrays would be large
        and hardly anything but zeros. `allocate` gives the array of a large dense block of a
        single output, by its shape and type, where it is not to lie in memory. Raises LimitError
        where it does not fit there, ArgumentError or ShapeError where it is not diagonal.
        """
        from gradcli.jacobians import MODES, jacobian_of

        if mode not in MODES:
            raise ArgumentError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
        wanted = self.wanted(wrt)
        try:
            if diag:
                if mode != "auto":
                    raise ArgumentError("a diagonal has no mode: it goes with `auto` alone")
                found = self._elementwise(wanted, 1)
                diagonals = [DiagonalOutput(*one) for one in found]
                return Diagonal(diagonals, self.warnings(wanted), list(self.traced.notes))
            outputs = []
            held = 0
            for output, value in zip(self.outputs, self._values(), strict=True):
                shown = exact(value, output)
                place = allocate if len(self.outputs) == 1 else None
                one = jacobian_of(self, output, shown, wanted, mode, sparse, held, place)
                held += sum(block.size for block in one.jacobian.values())
                outputs.append(one)
        except GradcliError as error:
            raise self.traced.placed(error) from None
        return Jacobian(outputs, self.warnings(wanted), list(self.traced.notes))

    def _values(self) -> list[Array]:
        return self.traced.plan("value", lambda: self.outputs).run(self.values, own=True)

    @sure
    def derivative(self, order: int = 1, wrt: Sequence[str] | str | None = None) -> Derivative:
        """Elementwise derivatives of every output, of some order, by everything in `wrt`.

        They exist where the Jacobian is diagonal, and by single numbers. Raises ArgumentError or
        ShapeError where it is not.
        """
        if order < 1:
            raise ArgumentError(f"the order of a derivative is at least 1, not {order}")
        wanted = self.wanted(wrt)
        try:
            found = self._elementwise(wanted, order)
        except GradcliError as error:
            raise self.traced.placed(error) from None
        outputs = [DerivativeOutput(value, parts, order) for value, parts, _ in found]
        return Derivative(outputs, self.warnings(wanted), list(self.traced.notes))

    def _elementwise(
        self, wanted: list[Wrt], order: int
    ) -> list[tuple[Array, dict[str, Array], int]]:
        """For each output its value, its elementwise derivatives and the passes they took."""
        from gradcli.derivatives import derivative_of

        results = []
        for output, value in zip(self.outputs, self._values(), strict=True):
            found = {one.label: derivative_of(self, output, one, order) for one in wanted}
            parts = {label: array for label, (array, _) in found.items()}
            passes = sum(count for _, count in found.values())
            results.append((exact(value, output), parts, passes))
        return results

    # --- products and second derivatives ---------------------------------------------------------

    @sure
    def jvp(self, tangents: Mapping[str, Any]) -> Tangent:
        """The product of each output's Jacobian with a direction, by forward mode.

        tangents: an array of its shape, or "ones", for each input that moves, or part of one.
        Raises SeedError where one is of another shape.
        """
        from gradcli.derivatives import Direction, jvp_of

        direction = Direction(self, tangents)
        try:
            found = jvp_of(self, direction)
        except GradcliError as error:
            raise self.traced.placed(error) from None
        outputs = [
            TangentOutput(exact(value, output), tangent)
            for output, (value, tangent) in zip(self.outputs, found, strict=True)
        ]
        return Tangent(outputs, self.warnings(direction.wanted), list(self.traced.notes))

    @sure
    def hvp(
        self,
        tangents: Mapping[str, Any],
        seed: Any = None,
        wrt: Sequence[str] | str | None = None,
    ) -> Product:
        """The product of each output's Hessian, or that of sum(seed*output), with a direction.

        tangents: as for `jvp`. wrt: the inputs, or parts, whose components of it are wanted.
        """
        from gradcli.derivatives import Direction, hvp_of

        direction = Direction(self, tangents)
        wanted = self.wanted(wrt)
        seeds = self.seeds(seed, True, "Hessian")
        outputs = []
        try:
            for output, start in zip(self.outputs, seeds, strict=True):
                value, parts = hvp_of(self, output, start, wanted, direction)
                named = {
                    one.label: self._part(one, part)
                    for one, part in zip(wanted, parts, strict=True)
                }
                outputs.append(ProductOutput(exact(value, output), named))
        except GradcliError as error:
            raise self.traced.placed(error) from None
        return Product(outputs, self.warnings(direction.wanted), list(self.traced.notes))

    @sure
    def hessian(
        self,
        wrt: Sequence[str] | str | None = None,
        seed: Any = None,
        *,
        sparse: bool | None = False,
    ) -> Hessian:
        """All second derivatives of each output, or of sum(seed*output), by two of `wrt` each.

        sparse: as for `jacobian`.
        """
        from gradcli.hessians import hessian_of

        wanted = self.wanted(wrt)
        seeds = self.seeds(seed, True, "Hessian")
        outputs = []
        try:
            for output, value, start in zip(self.outputs, self._values(), seeds, strict=True):
                shown = exact(value, output)
                outputs.append(hessian_of(self, output, shown, start, wanted, sparse))
        except GradcliError as error:
            raise self.traced.placed(error) from None
        return Hessian(outputs, self.warnings(wanted), list(self.traced.notes))
