"""Tests generated from the op table: nothing here names an op."""

import numpy as np
import pytest
import rowcheck

import gradcli
from gradcli.graph import OPS
from gradcli.ops import binding
from gradcli.ops.elementwise import Elementwise
from gradcli.ops.leaves import Leaf
from gradcli.ops.rows import exponential

CASES = [
    pytest.param(op, sample, id=f"{op.name}-{place}")
    for op in rowcheck.rows()
    for place, sample in enumerate(rowcheck.samples(op))
]


@pytest.mark.parametrize("check", rowcheck.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_row(op, sample, check):
    check(op, sample)


CALLS = [pytest.param(found, id=found.spellings[0]) for found in rowcheck.calls() if found.example]


@pytest.mark.parametrize("check", rowcheck.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("found", CALLS)
def test_call(found, check):
    """Functions that are compositions, as their examples call them."""
    check(found, found.example)


@pytest.mark.parametrize("op", rowcheck.rows(), ids=lambda op: op.name)
def test_every_row_has_samples_and_words(op):
    assert rowcheck.samples(op), "a row that is not tested"
    assert op.doc.endswith(".")
    assert op.domain


def test_adding_a_row_is_what_the_architecture_says(root):
    """The lines shown there, run where they belong, give a row that is tested and found."""
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = text.partition("## Adding an op")[2]
    lines = section.partition("```python\n")[2].partition("```")[0]
    exec(compile(lines, "exponential.py", "exec"), {**vars(exponential)})
    try:
        binding.register_rows()
        rowcheck.check_row(OPS["exp10"])
        result = gradcli.evaluate("scipy.special.exp10(x)", {"x": 2.0})
        np.testing.assert_allclose([result.value, result.grad["x"]], [100, 100 * np.log(10)])
        assert gradcli.evaluate("exp10(2)").value == 100
    finally:
        del OPS["exp10"]
        for name in [name for name in binding.SPELLED if name.endswith("exp10")]:
            del binding.SPELLED[name]


KINKS = [
    pytest.param(op, *kink, id=f"{op.name}{kink[0]}")
    for op in rowcheck.rows()
    if isinstance(op, Elementwise)
    for kink in op.kinks
]


@pytest.mark.parametrize(("op", "point", "partials"), KINKS)
def test_kink(op, point, partials):
    """The convention at a kink, alone and in the middle of an array of other points."""
    case = rowcheck.Case(op, (((),) * len(point), ()))
    case.seeds = [np.ones(()) for _ in case.smooth]
    found, _ = case.run(case.vjp_nodes(), [np.array(float(x)) for x in point])
    found = [0.0 if part is None else float(part) for part in found]
    assert found == list(partials)
    with np.errstate(invalid="ignore"):
        tangents = [np.array(1.0 if k == 0 else 0.0) for k in range(len(point))]
    case.tangents = tangents
    if len(point) == 1:
        tangents, _ = case.run(case.jvp_nodes(), [np.array(float(x)) for x in point])
        assert [0.0 if t is None else float(t) for t in tangents or [None]] == [partials[0]]


def test_no_row_without_documentation():
    with pytest.raises(ValueError, match="documentation"):
        Elementwise("nameless", np.sin, [None], doc="", domain="all", box=((0, 1),), kinks=())
    with pytest.raises(TypeError):
        Elementwise("nameless", np.sin, [None], doc="A sine.")
    assert "nameless" not in OPS


def test_leaves_have_no_operands():
    assert all(not op.differentiable for op in OPS.values() if isinstance(op, Leaf))
