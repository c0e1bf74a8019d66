"""The calls of tests/peers beside NumPy, which is here, and beside differences.

PyTorch and JAX, for their spellings and for derivatives: tests/peers/compare_ops.py.
"""

from pathlib import Path

import numpy as np
import pytest
import rowcheck
import scipy.linalg
from peers.cases import inputs_of, read

import gradcli
from gradcli.language.parser import parse

FILES = sorted((Path(__file__).parent / "peers").glob("*.txt"))
CALLS = {}
for path in FILES:
    _, cases, differences = read(path)
    CALLS.update({expr: expr in differences for group in cases.values() for expr in group})
NUMPYS = [
    expr
    for expr, differs in CALLS.items()
    if not differs
    and ("np." in expr.replace("jnp.", "") or "scipy." in expr)
    and not any(library in expr for library in ("jnp.", "jax.", "torch."))
]


def program(expr):
    return f"import torch; {expr}" if "torch." in expr else expr


@pytest.mark.parametrize("expr", NUMPYS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_values_are_numpys(expr):
    inputs = inputs_of(expr)
    result = gradcli.evaluate(expr, inputs, grad=False)
    expected = parts_of(eval(expr, {"np": np, "scipy": scipy, **inputs}))
    found = [output.value for output in result.outputs]
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.shape == np.shape(theirs)
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-11)


def parts_of(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


class Named(rowcheck.Call):
    """An expression whose inputs are drawn by their names."""

    name = "call"

    def operands(self, sample, seed):
        self.tree, self.given = parse(program(sample)), inputs_of(sample)
        return list(self.given.values())

    def names(self):
        return list(self.given)


# What takes no derivative by request: differences see it move.
REQUESTS = ("padding_idx", "detach(", "stop_gradient(")
CUT = [expr for expr in CALLS if any(request in expr for request in REQUESTS)]


@pytest.mark.parametrize("expr", [expr for expr in CALLS if expr not in CUT])
def test_derivatives(expr):
    rowcheck.check_first_order(Named, expr)
