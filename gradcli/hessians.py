"""Hessians: the Jacobian of the gradient, by its structure where that saves passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff import vjp
from gradcli.autodiff.colouring import LEAST
from gradcli.derivatives import start_of
from gradcli.graph import Arena, Node, building
from gradcli.jacobians import (
    compressed,
    facts_of,
    fill_columns,
    fill_rows,
    require_memory,
    rows_with_nan,
)
from gradcli.ops.leaves import zeros_like
from gradcli.results import HessianOutput
from gradcli.simplify import rewrite
from gradcli.sparse import (
    array_of,
    columns_of,
    entries_of,
    matrix_of,
    parted,
    structure_of,
)

if TYPE_CHECKING:
    from gradcli.run import Run
    from gradcli.seeds import Fixed
    from gradcli.wrt import Wrt

    Array = np.ndarray[Any, Any]

MODES = {"forward": "forward over reverse", "reverse": "reverse over reverse"}


def hessian_of(
    run: Run,
    output: Node,
    value: Array,
    seed: Any,
    wanted: list[Wrt],
    sparse: bool | None = False,
) -> HessianOutput:
    """Blocks of the second derivatives of sum(seed*output), forward over reverse.

    sparse: as for `jacobian_of`. Where the structure of the gradient saves passes, columns that
    share no entry are found together; else a pass finds each, those of one input as one batch. Rows
    with NaN are found again, strictly, in reverse twice.
    """
    columns = columns_of(wanted)
    structure = None
    if sparse or columns.width**2 > LEAST:
        fixed, ys = _whole_gradient(run, output, seed, columns.nodes, False)
        structure = structure_of(run, ys, columns, "auto", square=True)
    if sparse is None:
        sparse = structure is not None and structure.few
    cells = sum(one.size for one in wanted) ** 2
    require_memory(run, cells, "Hessian", structure, sparse)
    data = None
    if structure is not None and structure.compression is not None:
        data, passes = entries_of(
            run, ys, columns, structure, fixed=fixed,
            strictly=lambda: _whole_gradient(run, output, seed, columns.nodes, True),
        )  # fmt: skip
        whole = matrix_of(structure.pattern, data) if sparse else array_of(structure.pattern, data)
        alone = columns.whole and len(columns.parts) == 1
        rows = [whole if alone else whole[columns.chosen[part]] for part in columns.parts]
        blocks = [parted(row, columns.parts) for row in rows]
        mode = MODES.get(structure.compression.mode, "forward and reverse, over reverse")
    else:
        blocks, passes = _dense_hessian(run, output, seed, wanted)
        if sparse:
            blocks = [[compressed(block) for block in row] for row in blocks]
        mode = "forward over reverse"
    shaped = {
        a.label: {
            b.label: block if sparse else block.reshape(a.shape + b.shape)
            for b, block in zip(wanted, row, strict=True)
        }
        for a, row in zip(wanted, blocks, strict=True)
    }
    facts = facts_of(structure, columns.width, columns.width, bool(sparse))
    if facts is not None:
        facts = facts._replace(values=data)
    return HessianOutput(value, shaped, passes, facts, mode)


def _whole_gradient(
    run: Run, output: Node, seed: Any, nodes: list[Node], strict: bool
) -> tuple[Fixed, list[Node]]:
    """The gradient by whole inputs, with zeros where there is none."""

    def make() -> list[Node]:
        with building(Arena(rewrite, run.settings.max_nodes)):
            return [zeros_like(node) for node in nodes]

    fixed, firsts = _gradient(run, output, seed, nodes, strict)
    key = ("no gradient", tuple([node.serial for node in nodes]))
    zeros = run.traced.kept(key, make)
    return fixed, [z if f is None else f for f, z in zip(firsts, zeros, strict=True)]


def _dense_hessian(
    run: Run, output: Node, seed: Any, wanted: list[Wrt]
) -> tuple[list[list[Array]], int]:
    """All blocks, a pass for each column, and the passes that it took."""
    blocks = [[np.zeros((a.size, b.size), run.settings.dtype) for b in wanted] for a in wanted]
    nodes = [one.node for one in wanted]
    fixed, firsts = _gradient(run, output, seed, nodes, False)
    reached = [place for place, first in enumerate(firsts) if first is not None]
    for column, one in enumerate(wanted):
        fill_columns(
            run,
            [first for first in firsts if first is not None],
            one,
            [blocks[row][column] for row in reached],
            [wanted[row].columns() for row in reached],
            fixed=fixed,
        )
    passes = sum(one.size for one in wanted)
    for row in reached:
        unsure = rows_with_nan(blocks[row])
        if len(unsure):
            fixed, strictly = _gradient(run, output, seed, nodes, True)
            first = strictly[row]
            assert first is not None
            places = wanted[row].columns()[unsure]
            fill_rows(run, first, wanted, blocks[row], places, unsure, fixed=fixed, strict=True)
            passes += len(unsure)
    return blocks, passes


def _gradient(
    run: Run, output: Node, seed: Any, nodes: list[Node], strict: bool
) -> tuple[list[tuple[Node, Array]], list[Node | None]]:
    """The gradient as nodes, and the leaf that it takes a seed from with the seed."""

    def make() -> tuple[list[Node], list[Node | None]]:
        with building(Arena(rewrite, run.settings.max_nodes)), np.errstate(all="ignore"):
            bound, start = start_of(output, seed, strict)
            return bound, vjp([output], [start], nodes, strict=strict)

    names = tuple([node.serial for node in nodes])
    key = ("gradient", output.serial, names, isinstance(seed, str), strict)
    bound, firsts = run.traced.kept(key, make)
    return [(leaf, seed) for leaf in bound], firsts
