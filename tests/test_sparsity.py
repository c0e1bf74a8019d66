"""Patterns of dependence: supersets of every Jacobian, and tight where the structure is plain."""

import numpy as np
import pytest
import rowcheck

import gradcli
from gradcli.autodiff.sparsity import patterns
from gradcli.session import Program

CASES = [
    pytest.param(op, sample, id=f"{op.name}-{place}")
    for op in rowcheck.rows()
    for place, sample in enumerate(rowcheck.samples(op))
]


def dense(pattern):
    """A pattern as an array of booleans."""
    if pattern.full:
        return np.ones((pattern.rows, pattern.columns), bool)
    found = np.zeros((pattern.rows, pattern.columns), bool)
    found[pattern.pairs()] = True
    return found


def jacobian_of_case(case, output):
    """All derivatives of an output by the real operands, column by column."""
    columns = []
    place = case.smooth.index(output)
    for k, leaf in zip(case.real, [case.arrays[k] for k in case.real], strict=True):
        for unit in range(leaf.size):
            case.tangents = [np.zeros(case.arrays[j].shape) for j in case.real]
            case.tangents[case.real.index(k)].flat[unit] = 1
            found, _ = case.run(case.jvp_nodes())
            part = found[place]
            columns.append(np.zeros(output.size) if part is None else part.ravel())
    return np.stack(columns, -1)


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_a_row_depends_on_no_more_than_its_pattern(op, sample):
    case = rowcheck.Case(op, sample)
    if not case.real:
        return
    leaves = [case.leaves[k] for k in case.real]
    for output, pattern in zip(case.smooth, patterns(case.smooth, leaves), strict=True):
        matrix = jacobian_of_case(case, output)
        assert matrix.shape == (pattern.rows, pattern.columns)
        assert not (matrix.astype(bool) & ~dense(pattern)).any()
