"""Rows with wrong rules, planted on purpose, and programs whose graph is one row."""

import contextlib

import numpy as np
import rowcheck

from gradcli.graph import Trace, building
from gradcli.ops import contraction
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.custom import Custom
from gradcli.ops.elementwise import Elementwise
from gradcli.ops.linear import Index, Linear
from gradcli.run import Run
from gradcli.settings import Settings
from gradcli.traced import Traced


class OneRow(Traced):
    """A program of one row at the operands of one of its test cases."""

    def __init__(self, case):
        self.source = None
        self.settings = Settings()
        self.inputs = {f"operand{k}": node for k, node in enumerate(case.leaves)}
        for name, node in self.inputs.items():
            node.params = (node.shape, name, node.kind)
        self.outputs = case.smooth
        self.static, self.notes, self.warnings = [], [], []
        self.watched, self.sites, self.control_flow = set(), {}, []
        self._plans, self._guards, self._stricter = {}, [], None


def run_of(op, sample):
    """A run of one row, or None where it has nothing to differentiate."""
    case = rowcheck.Case(op, sample)
    if not case.smooth or not case.real:
        return None
    traced = OneRow(case)
    values = {node.serial: a for node, a in zip(case.leaves, case.arrays, strict=True)}
    return Run(traced, values)


def seed_for(run):
    random = np.random.default_rng(3)
    seeds = [random.uniform(0.5, 1.5, output.shape) for output in run.outputs]
    return seeds[0] if len(seeds) == 1 else seeds


@contextlib.contextmanager
def _set(owner, name, value):
    held = vars(owner)[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, held)


def _scaled(cotangent, factor):
    value, mask = cotangent.settle() if isinstance(cotangent, Cotangent) else (cotangent, None)
    return Cotangent(value * factor, mask)


def planted(op, factor=1.0001):
    """(name, context manager) for each rule of a row made wrong by a factor."""
    if isinstance(op, Elementwise):
        for place, right in enumerate(op.rules):
            if right is None:
                continue
            with building(Trace()):
                if not right(rowcheck.leaf(()), *[rowcheck.leaf(())] * (op.arity + 1)):
                    continue
            wrong = [*op.rules]
            wrong[place] = lambda g, y, *x, right=right: right(g, y, *x) * factor
            yield f"{op.name}-{place}", lambda wrong=wrong: _set(op, "rules", wrong)
    elif isinstance(op, Index):
        right = vars(Cotangent)["scattered"].__func__
        wrong = classmethod(lambda cls, shape, i, g, m: right(cls, shape, i, g * factor, m))
        yield op.name, lambda: _set(Cotangent, "scattered", wrong)
    elif isinstance(op, Linear):
        right = op.adjoint
        yield op.name, lambda: _set(op, "adjoint", lambda *args: right(*args) * factor)
    elif isinstance(op, Custom):
        if op.rule is not None:
            right = op.rule

            def wrong(node, *cotangents):
                parts = list(right(node, *cotangents))
                return [p if p is None else _scaled(p, factor) for p in parts]

            yield op.name, lambda: _set(op, "rule", wrong)
    elif isinstance(op, (contraction.Contraction, contraction.MaskedContraction)):
        right = type(op).vjp

        def vjp(self, *args):
            return [p and _scaled(p, factor) for p in right(self, *args)]

        yield op.name, lambda: _set(type(op), "vjp", vjp)
    else:
        raise TypeError(f"{op.name}: a family of which no wrong rule is known")
