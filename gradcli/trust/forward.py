"""Values of a program near its inputs, by the forward functions of its ops alone.

Nothing of the derivative rules, of the rewrites or of the engine takes part, so that what is found
here is independent of all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradcliError
from gradcli.graph import Node, ancestors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Array = np.ndarray[Any, Any]

WORKING_SET = 64 << 20
"""Bytes that the values of a batch aim to stay under."""


class Forward:
    """Values of outputs where one input moves and all else stays.

    program: results of the program that the outputs belong to, where they are derivatives of it.
    What the program makes a constant of (`detach`) stays at its value too.
    """

    def __init__(
        self,
        outputs: Sequence[Node],
        values: Mapping[int, Array],
        x: Node,
        program: Sequence[Node] | None = None,
    ) -> None:
        self.outputs = outputs
        self.x = x
        self.held: dict[int, Any] = dict(values)
        order = ancestors(outputs, stop=set(values))
        moving = {x.serial}
        written = outputs if program is None else program
        cut = {node.serial for node in ancestors(written) if node.op.cuts}
        self.moving: list[Node] = []
        with np.errstate(all="ignore"):
            for node in order:
                if node.serial not in self.held:
                    operands = [self.held[operand.serial] for operand in node.inputs]
                    self.held[node.serial] = node.op.run(node, operands, None, np.float64)
                reached = any(operand.serial in moving for operand in node.inputs)
                if reached and node.serial not in cut:
                    moving.add(node.serial)
                    self.moving.append(node)
        self.last_use = {
            operand.serial: place
            for place, node in enumerate(self.moving)
            for operand in node.inputs
        }
        self.kept = {node.serial for node in outputs}

    @property
    def base(self) -> list[Array]:
        """Values of the outputs where nothing moves."""
        return [self.held[node.serial] for node in self.outputs]

    @property
    def analytic(self) -> bool:
        """Whether all that moves can be continued to complex numbers."""
        return all(node.op.analytic for node in self.moving)

    def chunk(self) -> int:
        """Points to be computed at once."""
        size = sum(node.size for node in self.moving) + self.x.size
        return max(1, WORKING_SET // (16 * max(size, 1)))

    def at(self, points: Array) -> list[Array]:
        """Outputs at values of x stacked along the first axis, with that axis in front.

        NaN where there is no value.
        """
        try:
            return self._run(points)
        except (GradcliError, np.linalg.LinAlgError):
            if len(points) > 1:
                parts = [self.at(points[k : k + 1]) for k in range(len(points))]
                return [np.concatenate(part) for part in zip(*parts, strict=True)]
            return [np.full((1, *node.shape), np.nan) for node in self.outputs]

    def _run(self, points: Array) -> list[Array]:
        dtype = points.dtype
        found: dict[int, Any] = {self.x.serial: points}
        with np.errstate(all="ignore"):
            for place, node in enumerate(self.moving):
                lead = tuple([operand.serial in found for operand in node.inputs])
                operands = [
                    found[operand.serial] if flag else self.held[operand.serial]
                    for operand, flag in zip(node.inputs, lead, strict=True)
                ]
                found[node.serial] = node.op.run(node, operands, lead, dtype)
                for operand in node.inputs:
                    serial = operand.serial
                    if self.last_use[serial] == place and serial not in self.kept:
                        found.pop(serial, None)
        count = len(points)
        return [
            np.asarray(found[node.serial])
            if node.serial in found
            else np.broadcast_to(self.held[node.serial], (count, *node.shape))
            for node in self.outputs
        ]
