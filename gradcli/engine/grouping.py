"""Which elementwise steps run together: regions, and what crosses between them.

A region is all elementwise steps of one shape that wait for the same: what a contraction or a
reduction separates lies in different regions. What crosses from one region to a later one is
stored, or computed again where that costs less:

- What only later regions read is computed in the first of them, unless more would have to be
  stored for it.
- What several regions read is computed again in each where that takes at most `AGAIN` signs of
  arithmetic on what is stored anyway: a pass over memory costs more.

Reductions by ufuncs run with the region that computes their operand.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gradcli.engine.pool import POOL
from gradcli.engine.regions import Region, reduces_in_tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradcli.engine.plan import Plan
    from gradcli.engine.threads import Crew
    from gradcli.graph import Shape

    Key = tuple[Shape, int]

AGAIN = 3
"""Operations with a sign in Python (an instruction for an element) that are rather done again."""


class Step:
    """A unit of one value, computed by its op."""

    __slots__ = ("compute", "operands", "places", "pooled")

    def __init__(self, plan: Plan, place: int) -> None:
        self.places = [place]
        self.operands = plan.operands[place]
        self.compute: Callable[..., Any] = plan.compiled(place)
        self.pooled = False
        """Whether its array goes back to the pool."""

    def run(self, held: list[Any], crew: Crew) -> None:
        """Compute the value from those that are held."""
        arrays = [held[operand] for operand in self.operands]
        make = getattr(self.compute, "makes", None) if self.pooled else None
        held[self.places[0]] = self.compute(*arrays) if make is None else make(*arrays, POOL.take)


class Grouping:
    """The units of a plan whose values have these shapes.

    Stages number what waits for what: regions have odd ones, other steps even ones, and a unit only
    reads what is of its own stage or an earlier one.
    """

    def __init__(self, plan: Plan, shapes: list[Shape]) -> None:
        self.plan = plan
        self.shapes = shapes
        nodes = plan.nodes
        self.fused = [
            node.op.fuses
            and place not in plan.bound
            and place not in plan.watched
            and math.prod(shapes[place]) > plan.tile
            for place, node in enumerate(nodes)
        ]
        self.readers: list[list[int]] = [[] for _ in nodes]
        for place, operands in enumerate(plan.operands):
            for operand in dict.fromkeys(operands):
                self.readers[operand].append(place)
        self.kept = set(plan.outputs)
        self.reduced_in: dict[int, int] = {}
        self.stage = self._stages()
        self._sink()
        self.again = self._computed_again()

    def together(self, place: int, other: int) -> bool:
        """Whether two values are elementwise and of one shape."""
        return self.fused[place] and self.fused[other] and self.shapes[place] == self.shapes[other]

    def _stages(self) -> list[int]:
        stages: list[int] = []
        for place, operands in enumerate(self.plan.operands):
            stage = 0
            fused = self.fused[place]
            for operand in operands:
                before = stages[operand]
                if fused:
                    # Odd: that of a region of the same shape, or the next.
                    step = 0 if self.together(place, operand) else 2 if self.fused[operand] else 1
                    stage = max(stage, before + step)
                else:
                    stage = max(stage, before + (before & 1))
            stages.append(stage | 1 if fused else stage)
            if len(operands) == 1 and self.fused[operands[0]]:
                if self._reduced_with(place, operands[0]):
                    self.reduced_in[place] = operands[0]
        return stages

    def _reduced_with(self, place: int, operand: int) -> bool:
        return reduces_in_tiles(self.plan.nodes[place], self.shapes[operand], self.plan.tile)

    def _crosses(self, place: int, reader: int) -> bool:
        """Whether what reads a value lies outside its region."""
        if self.reduced_in.get(reader) == place:
            return False
        return self.stage[reader] != self.stage[place] or not self.together(place, reader)

    def _sink(self) -> None:
        """Move what only later regions read into the first of them."""
        crossings = [
            sum([self._crosses(place, reader) for reader in readers]) if self.fused[place] else 0
            for place, readers in enumerate(self.readers)
        ]
        for place in reversed(range(len(self.fused))):
            readers = self.readers[place]
            if not self.fused[place] or place in self.kept or not readers:
                continue
            if not all([self.together(place, reader) for reader in readers]):
                continue
            first = min([self.stage[reader] for reader in readers])
            if first == self.stage[place]:
                continue
            inner = [one for one in set(self.plan.operands[place]) if self._stays(place, one)]
            if sum([not crossings[one] and one not in self.kept for one in inner]) > 1:
                continue
            for one in inner:
                crossings[one] += 1
            self.stage[place] = first
            crossings[place] = sum([self._crosses(place, reader) for reader in readers])

    def _stays(self, place: int, operand: int) -> bool:
        """Whether a value and its operand lie in one region."""
        return self.together(place, operand) and self.stage[place] == self.stage[operand]

    def _computed_again(self) -> dict[int, int]:
        """What regions compute again rather than read, with the operations that it takes."""
        again: dict[int, int] = {}
        plan = self.plan
        for place, operands in enumerate(plan.operands):
            if not self.fused[place] or place in self.kept or not plan.nodes[place].op.cheap:
                continue
            outside = [one for one in self.readers[place] if self._crosses(place, one)]
            if not outside or not all([self.together(place, one) for one in outside]):
                continue
            cost, read = 1, 0
            for operand in set(operands):
                if operand in again:
                    cost += again[operand]
                elif self._stays(place, operand) and not self._stored(operand):
                    cost = AGAIN + 1
                elif operand not in plan.bound and self.shapes[operand] == self.shapes[place]:
                    read += not self._stored(operand)
            if cost <= AGAIN and read <= 1:
                again[place] = cost
        return again

    def _stored(self, place: int) -> bool:
        return place in self.kept or any(
            [self._crosses(place, reader) for reader in self.readers[place]]
        )

    # --- units -----------------------------------------------------------------------------------

    def _members(self) -> dict[Key, set[int]]:
        """The values that each region computes, those computed again included."""
        regions: dict[Key, set[int]] = {}
        for place, fused in enumerate(self.fused):
            if fused:
                key = (self.shapes[place], self.stage[place])
                regions.setdefault(key, set()).add(place)
        for (_, stage), members in regions.items():
            queue = list(members)
            for place in queue:
                for operand in self.plan.operands[place]:
                    if operand in self.again and operand not in members:
                        if self.together(place, operand):
                            members.add(operand)
                            queue.append(operand)
            # What is computed again elsewhere may not be needed here at all.
            for place in sorted(members, reverse=True):
                if place in self.again and self.stage[place] == stage:
                    if not any([one in members for one in self.readers[place]]):
                        if place not in self.reduced_in.values():
                            members.discard(place)
        return regions

    def ordered(self) -> list[Step | Region]:
        """Units in an order in which each finds what it reads: as the program has it, mostly."""
        plan = self.plan
        regions = self._members()
        read = set(self.kept)
        for place, operands in enumerate(plan.operands):
            if not self.fused[place] and place not in self.reduced_in:
                read.update(operands)
        for members in regions.values():
            for place in members:
                read.update([one for one in plan.operands[place] if one not in members])
        ends_of: dict[int, list[int]] = {}
        for place, operand in self.reduced_in.items():
            ends_of.setdefault(operand, []).append(place)
        unit_of: dict[int, Step | Region] = {}
        for (shape, stage), members in regions.items():
            own = sorted([place for place in members if self.stage[place] == stage])
            stored = [place for place in own if place in read]
            ends = [end for place in own for end in ends_of.get(place, ())]
            region = Region(plan, shape, sorted(members), stored, ends)
            for place in (*own, *ends):
                unit_of[place] = region
        for place in range(len(plan.nodes)):
            if place not in unit_of and place not in plan.bound and not self.fused[place]:
                unit_of[place] = Step(plan, place)
        return self._sorted(unit_of)

    def _sorted(self, unit_of: dict[int, Step | Region]) -> list[Step | Region]:
        order: list[Step | Region] = []
        done: set[int] = set()

        def waiting(unit: Step | Region) -> Iterator[Step | Region]:
            return iter([unit_of[one] for one in unit.operands if one in unit_of])

        for place in sorted(unit_of):
            unit = unit_of[place]
            # Regions, and what is made of nothing, wait until they are needed.
            if isinstance(unit, Region) or not unit.operands or id(unit) in done:
                continue
            self._emit(unit, waiting, order, done)
        for place in self.plan.outputs:
            if place in unit_of:
                self._emit(unit_of[place], waiting, order, done)
        return order

    @staticmethod
    def _emit(
        unit: Step | Region,
        waiting: Callable[[Step | Region], Iterator[Step | Region]],
        order: list[Step | Region],
        done: set[int],
    ) -> None:
        """Append a unit behind all that it waits for."""
        stack = [(unit, waiting(unit))]
        while stack:
            top, needs = stack[-1]
            if id(top) in done:
                stack.pop()
                continue
            for need in needs:
                if id(need) not in done:
                    stack.append((need, waiting(need)))
                    break
            else:
                done.add(id(top))
                order.append(top)
                stack.pop()
