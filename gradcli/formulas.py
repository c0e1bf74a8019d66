"""`derive`: the derivatives of a program as text, LaTeX or code, and what they take for granted.

Where sizes have names, everything is done at two choices of sample sizes, and the texts must be the
same: then no sample has found its way into the formula, and it holds for every size.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from gradcli.arrays import as_array
from gradcli.derivation import Derivation
from gradcli.derived import Derived, DerivedOutput
from gradcli.emit.latex import Latex
from gradcli.emit.sheet import written
from gradcli.emit.source import Part, function_text
from gradcli.emit.text import Text
from gradcli.errors import ArgumentError, GradcliError, NameProblem, ShapeError, Span, UsageError
from gradcli.graph import Dim, Node, ancestors, dependents
from gradcli.language.places import span_of
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import draw_, input_
from gradcli.ops.notation.libraries import LIBRARIES
from gradcli.shapes import Declared, assumption, inferred, largest_number, sized, undeclared
from gradcli.traced import Traced
from gradcli.wrt import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.session import Program

STYLES = ("text", "latex", *LIBRARIES)
KINDS = {"grad": "gradient", "jacobian": "Jacobian", "hessian": "Hessian"}


class Request:
    """What is asked for. order: 1 the gradient, 2 the Hessian, more for one input."""

    def __init__(
        self,
        wrt: Sequence[str] | None = None,
        order: int = 1,
        jacobian: bool = False,
        style: str = "text",
    ) -> None:
        if style not in STYLES:
            raise ArgumentError(f"a formula is written as {', '.join(STYLES)}, not {style!r}")
        if not isinstance(order, int) or order < 1:
            raise ArgumentError(f"the order is a whole number from 1, not {order!r}")
        if jacobian and order > 1:
            raise ArgumentError("a Jacobian is of the first order", hint="--order 2 is the Hessian")
        self.wrt = wrt
        self.order = order
        self.jacobian = jacobian
        self.style = style

    @property
    def kind(self) -> str:
        """The word for what is found."""
        if self.order == 1:
            return "jacobian" if self.jacobian else "grad"
        return "hessian" if self.order == 2 else "derivative"


def derive(
    program: Program,
    inputs: Mapping[str, Any],
    shapes: Mapping[str, Declared],
    request: Request,
) -> Derived:
    """The derivatives of a program as formulas.

    inputs: values, whose shapes count (and what control flow needs); shapes: those that are
    declared, with names of sizes. What is neither is inferred from use. Raises GradcliError.
    """
    program.check_names([*inputs, *shapes])
    twice = [name for name in inputs if name in shapes]
    if twice:
        raise UsageError(f"`{twice[0]}` has a value, which has a shape", hint="leave out --shape")
    arrays = {
        name: as_array(name, inputs[name], program.settings)
        for name in program.reads
        if name in inputs
    }
    sizes = {size for shape in shapes.values() for size in shape if isinstance(size, str)}
    clash = sorted(sizes & {*inputs, *shapes})
    if clash:
        raise UsageError(f"`{clash[0]}` is an input and the name of a size")
    missing = undeclared(program.tree, program.reads, [*inputs, *shapes, *sizes])
    guessed = inferred(program.tree, missing, [*program.reads, *sizes])
    guessed = _fitting(program, arrays, shapes, guessed, request)
    declared = {**shapes, **guessed}
    named = any(isinstance(size, str) for shape in declared.values() for size in shape)
    found = [_derived(program, arrays, declared, request, choice) for choice in range(1 + named)]
    if named and found[0].texts() != found[1].texts():
        raise ArgumentError(
            "no one formula holds for every size: the program counts, loops or compares with it",
            hint="give sizes as numbers, as in --shape x=3, or values",
        )
    result = found[0]
    if guessed:
        result.assumptions.append(assumption(guessed))
    result.notes += [f"{text}; --shape says otherwise" for text in result.assumptions]
    result.notes += result.conditions
    return result


def _derived(
    program: Program,
    arrays: Mapping[str, Any],
    declared: Mapping[str, Declared],
    request: Request,
    choice: int,
) -> Derived:
    """The formulas at one choice of sample sizes."""
    traced, samples = _traced(program, arrays, declared, request, choice)
    try:
        return Writer(traced, samples, request).result()
    except GradcliError as error:
        raise traced.placed(error) from None


def _traced(
    program: Program,
    arrays: Mapping[str, Any],
    declared: Mapping[str, Declared],
    request: Request,
    choice: int,
) -> tuple[Traced, Mapping[str, int]]:
    """The program's graph at one choice of sample sizes, and those sizes."""
    # Far beyond every position that is named, so that none seems to be counted from the end.
    beyond = 2 * max([largest_number(program.tree), *_numbers(request.wrt)])
    shapes, samples = sized(declared, beyond, choice)
    read = {name: size for name, size in samples.items() if name in program.reads}
    traced = Traced(program.source, program.settings, arrays, declared=shapes, sizes=read)
    return traced, samples


def _fitting(
    program: Program,
    arrays: Mapping[str, Any],
    shapes: Mapping[str, Declared],
    guessed: dict[str, Declared],
    request: Request,
) -> dict[str, Declared]:
    """Inferred shapes whose sizes go together with those that are known.

    Axis by axis the size is taken, of its own or a known one, that the trace gets farthest with.
    """
    given = [size for shape in shapes.values() for size in shape]
    given += [int(size) for array in arrays.values() for size in array.shape]
    known = [size for size in dict.fromkeys(given) if size != 1]
    axes = [size for shape in guessed.values() for size in shape]
    if not known or not axes:
        return guessed

    def shaped(sizes: list[str | int]) -> dict[str, Declared]:
        left = iter(sizes)
        return {name: tuple(islice(left, len(shape))) for name, shape in guessed.items()}

    def reached(sizes: list[str | int]) -> float:
        """How many nodes there are before sizes clash; infinity where they never do."""
        start = _serial()
        try:
            _traced(program, arrays, {**shapes, **shaped(sizes)}, request, 0)
        except ShapeError:
            return _serial() - start
        except GradcliError:
            pass
        return float("inf")

    best, far = list(axes), reached(axes)
    for _ in axes:
        before = far
        for place in range(len(axes)):
            for size in known:
                tried = [*best[:place], size, *best[place + 1 :]]
                if far < float("inf") and (got := reached(tried)) > far:
                    best, far = tried, got
        if far in (before, float("inf")):
            break
    return shaped(best) if far == float("inf") else guessed


def _serial() -> int:
    """The serial of a new node: how many there have been."""
    return Node(input_, (), ((), "", "real"), (((), "real"),)).serial


def _numbers(wrt: Sequence[str] | None) -> list[int]:
    return [int(digits) for text in wrt or () for digits in re.findall(r"\d{1,3}", text)]


class Writer:
    """Writes out the derivatives of one traced program."""

    def __init__(self, traced: Traced, samples: Mapping[str, int], request: Request) -> None:
        self.traced = traced
        self.request = request
        self.sizes = _size_names(samples)
        self.taken = {*traced.inputs, *samples}
        self.code = request.style in LIBRARIES
        self.wanted = resolve(request.wrt, traced.inputs, traced.static)
        if not self.wanted:
            raise NameProblem("there is nothing to differentiate by")
        if request.order > 2 and len(self.wanted) > 1:
            raise UsageError("an order above 2 is by one input", hint="choose it with --wrt")
        self.seeds: list[Node] = []
        self.notes = list(traced.notes)

    def result(self) -> Derived:
        """Every output's formulas, with what they take for granted."""
        work = Derivation(self.traced, code=self.code)
        found: list[dict[tuple[str, ...], Node]] = []
        for place, output in enumerate(work.outputs):
            found.append(self._derivatives(work, output, place))
        nodes = [*work.values, *[node for parts in found for node in parts.values()]]
        conditions = [f"valid while {text}" for text in self._guards()]
        conditions += [f"valid where {self._text(node)}" for node in work.conditions(nodes)]
        self.notes += self._draws(nodes)
        code = self._code(work.values, found, conditions) if self.code else None
        outputs = [
            DerivedOutput(self._text(value), self._texts(parts))
            for value, parts in zip(work.values, found, strict=True)
        ]
        shapes = {
            name: [size.name if isinstance(size, Dim) else int(size) for size in node.shape]
            for name, node in self.traced.inputs.items()
        }
        seeds = [seed.params[1] for seed in self.seeds]
        result = Derived(self.request.kind, self.request.style, outputs, shapes, seeds, code)
        result.conditions = conditions
        result.warnings = self._warnings()
        result.notes = self.notes
        return result

    def _derivatives(
        self, work: Derivation, output: Node, place: int
    ) -> dict[tuple[str, ...], Node]:
        """The derivatives of one output, by the labels of what they are by."""
        request = self.request
        if request.order == 1 and not request.jacobian:
            seed = self._seed(output, place) if output.ndim else None
            return {
                (one.label,): work.simple(work.gradient(output, one, seed)) for one in self.wanted
            }
        if request.order == 2 and output.ndim:
            output = work.weighted(output, self._seed(output, place))
        if request.order == 2:
            chosen = [[one, other] for one in self.wanted for other in self.wanted]
        else:
            chosen = [[one] * request.order for one in self.wanted]
        found: dict[tuple[str, ...], Node] = {}
        for by in chosen:
            key = tuple([one.label for one in by]) if request.order == 2 else (by[0].label,)
            found[key] = work.simple(work.derivative(output, by))
        return found

    def _seed(self, output: Node, place: int) -> Node:
        """The seed of a tensor, by a name that nothing else has."""
        stem = "v" if len(self.traced.outputs) == 1 else f"v{place}"
        spare = [stem, "seed", *[f"seed{k}" for k in range(len(self.taken))]]
        name = next(name for name in spare if name not in self.taken)
        self.taken.add(name)
        seed = Node(input_, (), (output.shape, name, "real"), ((output.shape, "real"),))
        self.seeds.append(seed)
        what = f"the product {name}^T J; --jacobian asks for J"
        if self.request.order == 2:
            what = f"the Hessian of sum({name}*output)"
        self.notes.append(
            f"`{name}` is a seed of the output's shape {self._shape(output)}: this is {what}"
        )
        return seed

    def _shape(self, node: Node) -> str:
        sizes = [self.sizes.get(int(n), str(int(n))) if type(n) is int else n for n in node.shape]
        return shape_text(tuple([n if isinstance(n, int) else Dim(0, n) for n in sizes]))

    # --- texts -----------------------------------------------------------------------------------

    def _text(self, node: Node) -> str:
        sheet = written([node], self.taken)
        if self.request.style == "latex":
            return Latex(self.sizes).program(sheet.lines, sheet.results[0])
        return Text(self.taken, self.sizes).program(sheet.lines, sheet.results[0])

    def _texts(self, parts: dict[tuple[str, ...], Node]) -> dict[str, Any]:
        """Formulas by label; by two labels, one inside the other."""
        texts: dict[str, Any] = {}
        for labels, node in parts.items():
            inner = texts
            for label in labels[:-1]:
                inner = inner.setdefault(label, {})
            inner[labels[-1]] = self._text(node)
        return texts

    def _code(
        self,
        values: list[Node],
        found: list[dict[tuple[str, ...], Node]],
        conditions: list[str],
    ) -> str:
        """A function for the library: value, then derivatives in order."""
        kind = self.request.kind
        several = len(values) > 1
        parts: list[Part] = []
        returned: list[str] = []
        for place, (value, derivatives) in enumerate(zip(values, found, strict=True)):
            number = str(place) if several else ""
            own = [
                self._part(f"{kind}{number}_{'_'.join(key)}", n) for key, n in derivatives.items()
            ]
            first = self._part(f"value{number}", value)
            parts += [first, *own]
            names = ", ".join([part.name for part in own])
            returned.append(f"{first.name}, {names if len(own) == 1 else f'({names})'}")
        inputs = {**self.traced.inputs, **{seed.params[1]: seed for seed in self.seeds}}
        for node in ancestors([part.node for part in parts]):
            if node.op is draw_:
                inputs[self._text(node)] = node
        return function_text(
            LIBRARIES[self.request.style],
            f"value_and_{kind}",
            inputs,
            parts,
            returned[0] if not several else f"({'), ('.join(returned)})",
            self._doc(inputs, conditions),
            self.sizes,
        )

    def _part(self, name: str, node: Node) -> Part:
        """A result by a name that is no input."""
        name = re.sub(r"\W+", "_", name).strip("_")
        while name in self.taken:
            name += "_"
        return Part(name, node)

    def _doc(self, inputs: Mapping[str, Node], conditions: list[str]) -> list[str]:
        """Lines of the docstring: what is computed, shapes, conditions."""
        what = KINDS.get(self.request.kind, f"derivative of order {self.request.order}")
        by = ", ".join([one.label for one in self.wanted])
        lines = [f"Value and {what} by {by}."]
        source = self.traced.source.text.strip()
        if len(source) <= 60 and not set(source) & set('\n\\"'):
            lines[0] = f"{source}, and its {what} by {by}."
        lines += ["", *[f"{name}: shape {shape_text(node.shape)}" for name, node in inputs.items()]]
        lines += [f"{text[0].upper()}{text[1:]}." for text in conditions]
        return lines

    # --- what is taken for granted ----------------------------------------------------------------

    def _guards(self) -> list[str]:
        """Conditions that steered the program, in the words of its source."""
        texts: dict[str, None] = {}
        for node, seen in self.traced.guards:
            if not any(x.op in (input_, draw_) for x in ancestors([node])):
                continue  # it is what the program spells out
            site = self.traced.sites.get(node.serial)
            source = _slice(self.traced.source.text, span_of(site)) if site is not None else ""
            text = source or Text(self.taken, self.sizes).text(written([node], ()).results[0])
            if seen.dtype == bool and not seen.ndim:
                texts[text if seen else f"not ({text})"] = None
            else:
                texts[f"{text} == {seen.tolist()}".replace(".0", "")] = None
        return list(texts)

    def _draws(self, nodes: list[Node]) -> list[str]:
        names = [self._text(node) for node in ancestors(nodes) if node.op is draw_]
        return [f"`{name}` stands for a random draw" for name in dict.fromkeys(names)]

    def _warnings(self) -> list[str]:
        """Inputs that no output depends on."""
        order = ancestors(self.traced.outputs)
        ends = {output.serial for output in self.traced.outputs}
        return [
            f"`{one.label}` is not connected to the output: its derivative is zeros"
            for one in self.wanted
            if not ends & dependents(order, [one.node])
        ]


def _slice(source: str, span: Span) -> str:
    """The text of a place in the source, on one line."""
    lines = source.split("\n")[span.line - 1 : span.end_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][: span.end_column]
    lines[0] = lines[0][span.column :]
    return " ".join([line.strip() for line in lines])


def _size_names(samples: Mapping[str, int]) -> dict[int, str]:
    """Names for sizes that lost theirs on the way: samples, their products and neighbours."""
    names: dict[int, str] = {}
    for name, size in samples.items():
        names.setdefault(int(size), name)
    for name, size in samples.items():
        for other, more in samples.items():
            names.setdefault(int(size) * int(more), f"{name}*{other}")
        for step in (1, 2, 3):
            names.setdefault(int(size) - step, f"{name}-{step}")
            names.setdefault(int(size) + step, f"{name}+{step}")
        names.setdefault(2 * int(size), f"2*{name}")
    return names
