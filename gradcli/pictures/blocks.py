"""Jacobians and Hessians as matrices to be drawn, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.ops.elementwise import shape_text
from gradcli.pictures.matrix import matrix_lines
from gradcli.render.data import is_sparse
from gradcli.results import FlatOutput, HessianOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.pictures.matrix import Matrix
    from gradcli.render.layout import Line, Look
    from gradcli.results import Result


class Block(NamedTuple):
    """A matrix with what its rows and its columns are."""

    title: str
    shape: str
    rows: str
    columns: str
    matrix: Matrix


def blocks_of(result: Result[Any]) -> list[list[Block]]:
    """For each output its blocks, row by row of a Hessian."""
    found = []
    several = len(result.outputs) > 1
    for place, output in enumerate(result.outputs):
        name = f"out{place}" if several else "out"
        found.append(list(_blocks(output, name, f"{name} " if several else "")))
    return found


def _blocks(output: Any, name: str, prefix: str) -> Iterator[Block]:
    if isinstance(output, FlatOutput):
        matrix = output.jacobian
        yield Block(f"{prefix}jacobian", shape_text(matrix.shape), name, "inputs", matrix)
    elif isinstance(output, HessianOutput):
        for first, row in output.hessian.items():
            rank = row[first].ndim // 2
            for second, block in row.items():
                title = f"{prefix}hessian {first} {second}"
                yield _block(title, first, second, block, rank)
    else:
        for source, block in output.jacobian.items():
            yield _block(f"{prefix}jacobian {source}", name, source, block, output.value.ndim)


def _block(title: str, rows: str, columns: str, block: Matrix, rank: int) -> Block:
    if is_sparse(block):
        return Block(title, shape_text(block.shape), rows, columns, block)
    lead = 1
    for extent in block.shape[:rank]:
        lead *= extent
    rest = block.size // lead if lead else 0
    return Block(title, shape_text(block.shape), rows, columns, block.reshape(lead, rest))


def block_lines(result: Result[Any], look: Look, coloured: bool) -> Iterator[Line]:
    """Heat map and spy plot of every block."""
    first = True
    for output, blocks in zip(result.outputs, blocks_of(result), strict=True):
        for block in blocks:
            if not first:
                yield []
            first = False
            yield [(block.title, "label"), (f"  shape {block.shape}", "note")]
            yield from matrix_lines(block.matrix, look, coloured)
        facts = {
            name: fact for name, fact in output.facts().items() if isinstance(fact, (str, int))
        }
        yield [(", ".join([f"{name} {fact}" for name, fact in facts.items()]), "note")]
