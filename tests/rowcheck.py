"""Checks of one row of the op table, on its box: used for every row, and to catch planted mistakes.

Each check raises AssertionError where the row's rules disagree with an independent source: central
differences, the other mode, or a loop in place of a batch.
"""

from __future__ import annotations

import ast
import itertools

import numpy as np

from gradcli.autodiff import jvp, vjp
from gradcli.engine import Plan
from gradcli.graph import OPS, Arena, Node, Trace, building
from gradcli.language.interpret import Interpreter
from gradcli.language.parser import parse
from gradcli.language.tensors import Tensor, bare
from gradcli.ops import functions  # noqa: F401  fills the table
from gradcli.ops.binding import SPELLED, Function, load_all
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.elementwise import Elementwise
from gradcli.ops.family import build
from gradcli.ops.leaves import Leaf, input_
from gradcli.ops.several import outputs
from gradcli.ops.values import tensor
from gradcli.simplify import rewrite

ELEMENTWISE_SHAPES = {
    1: [((),), ((3,),), ((2, 3),)],
    2: [((3,), (3,)), ((2, 3), (3,)), ((), (2,)), ((2, 1), (3,))],
    3: [((3,), (3,), (3,)), ((2, 3), (), (3,))],
}


def rows():
    """Every row with operands, those of the second tier among them."""
    load_all()
    skipped = {"project", "batched"}
    return [op for op in OPS.values() if not isinstance(op, Leaf) and op.name not in skipped]


def calls():
    """Every function of the language that is not a row's own, once."""
    load_all()
    return list(dict.fromkeys(found for found in SPELLED.values() if found.row is None))


def samples(op):
    """(operand shapes, parameters) to run a row on."""
    if isinstance(op, Elementwise):
        return [(shapes, ()) for shapes in ELEMENTWISE_SHAPES[op.arity]]
    return op.samples


def leaf(shape, kind="real"):
    return Node(input_, (), (shape, "x", kind), ((shape, kind),))


def draw(op, shapes, seed):
    """Operands inside the row's box.

    Each operand has its own part of the cells of a grid: no two of them are near a tie, and none is
    near the middle of its box, so that differences meet no kink there.
    """
    random = np.random.default_rng(seed)
    arrays = []
    for place, shape in enumerate(shapes):
        box = op.box[place] if place < len(op.box) else op.box[-1]
        if isinstance(box, str):
            arrays.append(NAMED[box](random, shape))
        else:
            low, high = box
            within = (place + random.uniform(0.7, 1.3, shape)) / (len(shapes) + 1)
            arrays.append(low + (high - low) * (random.integers(0, 16, shape) + within) / 16)
    return arrays


def graded(random, shape):
    """Matrices with singular values (and, of their symmetric part, eigenvalues) well apart."""
    rank = min(shape[-2:])
    diagonal = np.zeros(shape[-2:])
    diagonal[np.arange(rank), np.arange(rank)] = 2 + 2 * np.arange(rank)
    return diagonal + random.uniform(-0.5, 0.5, shape)


NAMED = {
    "regular": lambda random, shape: random.uniform(-1, 1, shape) + 3 * np.eye(*shape[-2:]),
    "graded": graded,
    "ascending": lambda random, shape: np.cumsum(random.uniform(0.5, 1.5, shape), -1),
    "mask": lambda random, shape: random.uniform(size=shape) < 0.6,
    "positions": lambda random, shape: random.integers(0, 2, shape),
    "order": lambda random, shape: random.integers(0, 3, shape),
}
KINDS = {"b": "bool", "i": "int", "f": "real"}


class Case:
    """A row applied to leaves, with arrays for them; `smooth` are the outputs it differentiates."""

    def __init__(self, op, sample, seed=0):
        self.op = op
        self.arrays = self.operands(sample, seed)
        self.leaves = [leaf(a.shape, KINDS.get(a.dtype.kind, "real")) for a in self.arrays]
        self.outputs = self.applied(sample)
        self.real = [k for k, node in enumerate(self.leaves) if node.kind == "real"]
        random = np.random.default_rng(seed + 1)
        self.smooth = [o for o in self.outputs if o.kind == "real" and o.op.differentiable]
        self.seeds = [random.uniform(0.5, 1.5, output.shape) for output in self.smooth]
        self.tangents = [random.uniform(0.5, 1.5, self.arrays[k].shape) for k in self.real]
        self.seed_leaves = [leaf(output.shape) for output in self.smooth]
        self.tangent_leaves = [leaf(self.arrays[k].shape) for k in self.real]

    def operands(self, sample, seed):
        return draw(self.op, sample[0], seed)

    def applied(self, sample):
        with building(Trace()):
            return outputs(build(self.op, tuple(self.leaves), sample[1]))

    def run(self, nodes, arrays=None, batched=()):
        """Values of nodes (None gives zeros), with `arrays` in place of the operands."""
        arrays = self.arrays if arrays is None else arrays
        bound = [*self.leaves, *self.seed_leaves, *self.tangent_leaves]
        values = [*arrays, *self.seeds, *self.tangents]
        present = [node for node in nodes if node is not None]
        plan = Plan(present, bound, [bound[k] for k in batched])
        found = iter(plan.run({node.serial: a for node, a in zip(bound, values, strict=True)}))
        return [None if node is None else next(found) for node in nodes], plan

    def vjp_nodes(self):
        wrt = [self.leaves[k] for k in self.real]
        with building(Arena(rewrite)):
            parts = vjp(self.smooth, [Cotangent(seed) for seed in self.seed_leaves], wrt)
        for part, node in zip(parts, wrt, strict=True):
            assert part is None or part.shape == node.shape, "a cotangent of another shape"
        return parts

    def jvp_nodes(self):
        wrt = [self.leaves[k] for k in self.real]
        with building(Arena(rewrite)):
            parts = jvp(self.smooth, wrt, self.tangent_leaves)
        for part, output in zip(parts, self.smooth, strict=True):
            assert part is None or part.shape == output.shape, "a tangent of another shape"
        return parts

    def shifted(self, step):
        """Operands moved along the tangents."""
        arrays = list(self.arrays)
        for k, tangent in zip(self.real, self.tangents, strict=True):
            arrays[k] = arrays[k] + step * tangent
        return arrays

    def directional(self, nodes, step=2e-3):
        """Derivatives of nodes along the tangents, by six-point central differences."""
        totals = [0.0] * len(nodes)
        for k, weight in ((1, 45.0), (2, -9.0), (3, 1.0)):
            up, _ = self.run(nodes, self.shifted(k * step))
            down, _ = self.run(nodes, self.shifted(-k * step))
            totals = [t + weight * (a - b) for t, a, b in zip(totals, up, down, strict=True)]
        return [t / (60 * step) for t in totals]


class Single(Case):
    """A row and the first of its outputs that a derivative reaches, or the first at all."""

    def applied(self, sample):
        found = super().applied(sample)
        smooth = [o for o in found if o.kind == "real" and o.op.differentiable]
        return (smooth or list(found))[:1]

    @property
    def node(self):
        return self.outputs[0]

    @property
    def differentiable(self):
        return bool(self.smooth) and self.op.differentiable

    @property
    def seed(self):
        return self.seeds[0]

    @seed.setter
    def seed(self, value):
        self.seeds = [value]


class Call(Case):
    """A function of the language, called as its example says.

    Lists of numbers with a point are the operands; other seeds move them a little.
    """

    def operands(self, sample, seed):
        self.tree = parse(sample)
        arrays = []

        class Lifted(ast.NodeTransformer):
            def visit_List(self, node):
                array = literal(node)
                if array is None or array.dtype.kind != "f":
                    return self.generic_visit(node)
                arrays.append(array)
                return ast.copy_location(ast.Name(f"operand{len(arrays)}", ast.Load()), node)

        self.tree = Lifted().visit(self.tree)
        random = np.random.default_rng(seed)
        scale = 0.003 if seed else 0
        return [array * (1 + scale * random.uniform(-1, 1, array.shape)) for array in arrays]

    def names(self):
        return [f"operand{k}" for k in range(1, len(self.leaves) + 1)]

    def applied(self, sample):
        names = dict(zip(self.names(), self.leaves, strict=True))

        def concretise(node, static):
            return self.value_of(node)

        with building(Trace(concretise, seed=lambda: 0)):
            found = value_of(names, self.tree)
            parts = found if isinstance(found, (tuple, list)) else [found]
            return [tensor(part) for part in parts]

    def value_of(self, node):
        held = {leaf.serial: a for leaf, a in zip(self.leaves, self.arrays, strict=True)}
        return Plan([node], self.leaves).run(held)[0]


def literal(node):
    """A nested list of numbers as an array, or None."""
    try:
        array = np.array(ast.literal_eval(node))
    except ValueError:
        return None
    return array if array.dtype.kind in "fib" else None


def case_of(op, sample, seed=0):
    """A case of a row, of a function's example, or of a class of cases that is given itself."""
    kind = op if isinstance(op, type) else Call if isinstance(op, Function) else Case
    return kind(op, sample, seed)


def close(a, b, what, tolerance=2e-8):
    a, b = np.asarray(a, float), np.asarray(b, float)
    scale = 1 + max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    error = np.abs(a - b).max(initial=0) / scale
    assert error < tolerance, f"{what}: off by {error:.1e}"


def check_value(op, sample):
    case = case_of(op, sample)
    values, _ = case.run(case.outputs)
    for value, output in zip(values, case.outputs, strict=True):
        assert value.shape == output.shape
        assert np.isfinite(value.astype(float)).all(), "not finite in the middle of its box"


def check_first_order(op, sample):
    """VJP and JVP against central differences, and against one another."""
    case = case_of(op, sample)
    if not case.smooth or not case.real:
        return
    gradients, _ = case.run(case.vjp_nodes())
    tangents, _ = case.run(case.jvp_nodes())
    numeric = case.directional(case.smooth)
    tangents = [
        np.zeros(output.shape) if tangent is None else tangent
        for tangent, output in zip(tangents, case.smooth, strict=True)
    ]
    for tangent, expected in zip(tangents, numeric, strict=True):
        close(tangent, expected, f"{op.name}: JVP against differences")
    by_vjp = sum(
        (g * t).sum() for g, t in zip(gradients, case.tangents, strict=True) if g is not None
    )
    by_differences = sum((s * n).sum() for s, n in zip(case.seeds, numeric, strict=True))
    by_jvp = sum((s * t).sum() for s, t in zip(case.seeds, tangents, strict=True))
    close(by_vjp, by_differences, f"{op.name}: VJP against differences")
    close(by_vjp, by_jvp, f"{op.name}: forward against reverse", 1e-12)


def check_second_order(op, sample):
    """The derivative of the VJP, reverse and forward, against differences of the VJP."""
    case = case_of(op, sample)
    if not case.smooth or not case.real:
        return
    first = [part for part in case.vjp_nodes() if part is not None]
    if not first:
        return
    wrt = [case.leaves[k] for k in case.real]
    random = np.random.default_rng(5)
    weights = [random.uniform(0.5, 1.5, part.shape) for part in first]
    with building(Arena(rewrite)):
        second_forward = jvp(first, wrt, case.tangent_leaves)
        weight_leaves = [leaf(part.shape) for part in first]
        second_reverse = vjp(first, [Cotangent(w) for w in weight_leaves], wrt)
    numeric = case.directional(first)
    forward, _ = case.run(second_forward)
    for part, found, expected in zip(first, forward, numeric, strict=True):
        found = np.zeros(part.shape) if found is None else found
        close(found, expected, f"{op.name}: second order, forward")
    present = [node for node in second_reverse if node is not None]
    bound = [*case.leaves, *case.seed_leaves, *weight_leaves]
    values = [*case.arrays, *case.seeds, *weights]
    plan = Plan(present, bound)
    found = iter(plan.run({n.serial: a for n, a in zip(bound, values, strict=True)}))
    total = sum(
        (next(found) * t).sum()
        for node, t in zip(second_reverse, case.tangents, strict=True)
        if node is not None
    )
    expected = sum((w * n).sum() for w, n in zip(weights, numeric, strict=True))
    close(total, expected, f"{op.name}: second order, reverse")


def check_batched(op, sample):
    """A batched run of the row and its VJP, for each choice of batched operands, against a loop."""
    case = case_of(op, sample)
    others = [case_of(op, sample, seed) for seed in (10, 20)]
    members = [case, *others]
    nodes = [*case.outputs]
    if case.smooth and case.real:
        nodes += [part for part in case.vjp_nodes() if part is not None]
    count = len(case.leaves)
    choices = [
        chosen for n in range(1, count + 1) for chosen in itertools.combinations(range(count), n)
    ]
    for chosen in choices[:7]:
        arrays = [
            np.stack([member.arrays[k] for member in members]) if k in chosen else case.arrays[k]
            for k in range(count)
        ]
        batch, plan = case.run(nodes, arrays, chosen)
        for place in range(len(members)):
            single = [a[place] if k in chosen else a for k, a in enumerate(arrays)]
            alone, _ = case.run(nodes, single)
            for array, flag, expected in zip(batch, plan.output_batched, alone, strict=True):
                got = array[place] if flag else array
                assert got.shape == expected.shape, f"{op.name}: batched shape"
                close(got, expected, f"{op.name}: batched {chosen} against a loop", 1e-12)


CHECKS = [check_value, check_first_order, check_second_order, check_batched]


def check_row(op):
    """Every check on every sample."""
    for sample in samples(op):
        for check in CHECKS:
            check(op, sample)


def value_of(inputs, source):
    """The node that a program makes of the nodes of its inputs."""
    handles = {name: Tensor(node) for name, node in inputs.items()}
    tree = parse(source) if isinstance(source, str) else source
    return bare(Interpreter(handles).run(tree))
