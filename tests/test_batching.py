"""Batched nodes against a loop: every row, as its family lifts it and as the wrapper runs it."""

import itertools

import numpy as np
import pytest
import rowcheck

from gradcli.autodiff import jvp, vjp
from gradcli.engine import Plan
from gradcli.graph import OPS, Arena, building
from gradcli.ops.batching import batch
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.linear import Linear
from gradcli.simplify import rewrite

EXTENT = 3
CASES = [
    pytest.param(op, sample, id=f"{op.name}-{place}")
    for op in rowcheck.rows()
    for place, sample in enumerate(rowcheck.samples(op))
]


def run(nodes, values):
    bound = [node for node, _ in values]
    return Plan(nodes, bound).run({node.serial: array for node, array in values})


class Lifted:
    """A row's node and the same at several values of some operands, with arrays for both."""

    def __init__(self, op, sample, chosen, wrapped):
        self.members = [rowcheck.Single(op, sample, seed) for seed in range(EXTENT)]
        self.case = self.members[0]
        self.chosen = chosen
        self.operands, self.values, replaced = [], [], {}
        for place, leaf in enumerate(self.case.leaves):
            flag = place in chosen
            array = self.case.arrays[place]
            if flag:
                array = np.stack([member.arrays[place] for member in self.members])
            operand = rowcheck.leaf(array.shape, leaf.kind)
            self.operands.append(operand)
            self.values.append((operand, array))
            replaced[leaf.serial] = (operand, flag)
        with building(Arena(rewrite)):
            if wrapped:
                lead = tuple(place in chosen for place in range(len(self.operands)))
                if self.case.node.op is not op:
                    pytest.skip("several outputs are wrapped by `batch`")
                self.node = OPS["batched"](self.case.node, tuple(self.operands), lead, EXTENT)
            else:
                (self.node,) = batch([self.case.node], replaced, EXTENT)

    def alone(self, member):
        """Operands of one member."""
        return [
            array[member] if place in self.chosen else array
            for place, (_, array) in enumerate(self.values)
        ]


def choices(op, sample):
    count = len(rowcheck.Single(op, sample).leaves)
    every = [c for n in range(1, count + 1) for c in itertools.combinations(range(count), n)]
    return every[:4] + every[-1:]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_values_and_derivatives(op, sample, wrapped):
    for chosen in choices(op, sample):
        lifted = Lifted(op, sample, chosen, wrapped)
        case = lifted.case
        assert lifted.node.shape == (EXTENT, *case.node.shape)
        (value,) = run([lifted.node], lifted.values)
        if case.differentiable:
            seeds = np.stack([member.seed for member in lifted.members])
        expected_grads = [np.zeros(array.shape) for _, array in lifted.values]
        for place in range(EXTENT):
            arrays = lifted.alone(place)
            (alone,), _ = case.run([case.node], arrays)
            rowcheck.close(value[place], alone, f"{op.name}: value", 1e-12)
            if not case.differentiable:
                continue
            case.seed = seeds[place]
            parts, _ = case.run(case.vjp_nodes(), arrays)
            for k, part in zip(case.real, parts, strict=True):
                if part is not None and k in chosen:
                    expected_grads[k][place] = part
                elif part is not None:
                    expected_grads[k] += part
        if not case.differentiable:
            continue
        wrt = [lifted.operands[k] for k in case.real]
        seed = rowcheck.leaf(lifted.node.shape)
        random = np.random.default_rng(9)
        tangents = [random.uniform(0.5, 1.5, lifted.values[k][1].shape) for k in case.real]
        leaves = [rowcheck.leaf(tangent.shape) for tangent in tangents]
        with building(Arena(rewrite)):
            parts = vjp([lifted.node], [Cotangent(seed)], wrt)
            (pushed,) = jvp([lifted.node], wrt, leaves)
        values = [*lifted.values, (seed, seeds), *zip(leaves, tangents, strict=True)]
        product = 0.0
        for k, part, tangent in zip(case.real, parts, tangents, strict=True):
            found = run([part], values)[0] if part is not None else np.zeros(tangent.shape)
            rowcheck.close(found, expected_grads[k], f"{op.name}: gradient {k}", 1e-12)
            product += (found * tangent).sum()
        forward = run([pushed], values)[0] if pushed is not None else 0.0
        rowcheck.close((forward * seeds).sum(), product, f"{op.name}: forward", 1e-11)


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_a_batched_run_of_a_batch(op, sample):
    every = tuple(range(len(rowcheck.Single(op, sample).leaves)))
    for chosen in {every, every[:1]}:
        lifted = Lifted(op, sample, chosen, True)
        random = np.random.default_rng(3)
        order = random.permutation(EXTENT)
        # The same members in two orders, as an outer batch of the first operand.
        (leaf, first), *others = lifted.values
        outer = np.stack([first, first[order]])
        plan = Plan([lifted.node], lifted.operands, [leaf])
        both = plan.run({leaf.serial: outer, **{n.serial: a for n, a in others}})[0]
        for place in range(2):
            values = [(leaf, outer[place]), *others]
            rowcheck.close(both[place], run([lifted.node], values)[0], op.name, 1e-12)


@pytest.mark.parametrize(
    ("op", "sample"),
    [
        case.values
        for case in CASES
        if isinstance(case.values[0], Linear) and case.values[0].reach == "summed"
    ],
)
def test_coefficients_of_linear_rows_are_zeros_and_ones(op, sample):
    case = rowcheck.Single(op, sample)
    for place, leaf in enumerate(case.leaves):
        for unit in np.eye(leaf.size).reshape(leaf.size, *leaf.shape):
            arrays = [np.zeros(a.shape) if k != place else unit for k, a in enumerate(case.arrays)]
            (found,), _ = case.run([case.node], arrays)
            assert set(np.unique(found)) <= {0.0, 1.0}
