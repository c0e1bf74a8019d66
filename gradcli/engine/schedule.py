"""The order in which a plan's values are computed where arrays are large, and when they die."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine.concrete import Unsure, as_output
from gradcli.engine.grouping import Grouping, Step
from gradcli.engine.pool import POOL
from gradcli.engine.regions import Region
from gradcli.engine.stats import Stats, asked
from gradcli.engine.threads import Crew
from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradcli.engine.plan import Plan
    from gradcli.graph import Node, Shape

    Array = np.ndarray[Any, Any]


class Schedule:
    """Units in order, and what dies after each of them, for one extent of the batch axis."""

    def __init__(self, plan: Plan, batch: int) -> None:
        self.plan = plan
        self.batch = batch
        self.shapes: list[Shape] = [
            (batch, *node.shape) if flag else node.shape
            for node, flag in zip(plan.nodes, plan.flags, strict=True)
        ]
        groups = Grouping(plan, self.shapes)
        self.units = groups.ordered()
        self.readers = groups.readers
        self.unit_of = {place: unit for unit in self.units for place in unit.places}
        for unit in self.units:
            if isinstance(unit, Region):
                self.unit_of.update(dict.fromkeys(unit.members, unit))
        self.dying = self._last_uses()
        last = {place for dying in self.dying for place in dying}
        self.pooled = {place for place in last if self._exclusive(place)}
        self.given: list[list[int]] = []
        for unit, dying in zip(self.units, self.dying, strict=True):
            free = [place for place in dying if place in self.pooled]
            if isinstance(unit, Step):
                unit.pooled = unit.places[0] in self.pooled
            else:
                unit.compile([place for place in dying if place in self.pooled], self.pooled)
                free = [place for place in free if place not in unit.reused.values()]
            self.given.append(free)

    def _exclusive(self, place: int) -> bool:
        """Whether nothing else shares a value's memory, so that another may be written there."""
        plan = self.plan
        made = isinstance(self.unit_of.get(place), Region) or plan.nodes[place].op.fresh
        return made and all(
            [
                isinstance(self.unit_of.get(reader), Region) or plan.nodes[reader].op.fresh
                for reader in self.readers[place]
            ]
        )

    def _last_uses(self) -> list[list[int]]:
        """For each unit the places whose values nothing needs behind it."""
        last: dict[int, int] = {}
        for number, unit in enumerate(self.units):
            for place in (*unit.places, *unit.operands):
                last[place] = number
        for place in self.plan.outputs:
            last.pop(place, None)
        dying: list[list[int]] = [[] for _ in self.units]
        for place, number in last.items():
            dying[number].append(place)
        return dying

    def peak(self) -> tuple[int, Node | None]:
        """Estimated bytes at the fullest moment, and the node that takes most of all."""
        plan, batch = self.plan, self.batch
        live = peak = most = 0
        largest = None
        for unit, dying in zip(self.units, self.dying, strict=True):
            for place in unit.places:
                size = plan.place_bytes(place, batch)
                live += size
                if size > most:
                    most, largest = size, plan.nodes[place]
            aside = 0
            if isinstance(unit, Region):
                aside = unit.working_bytes()
                live -= unit.reused_bytes()
            peak = max(peak, live + aside)
            for place in dying:
                if place not in plan.bound:
                    live -= plan.place_bytes(place, batch)
            if isinstance(unit, Region):
                live += unit.reused_bytes()
        return peak, largest

    def _note(self, stats: Stats, unit: Step | Region, seconds: float) -> None:
        if isinstance(unit, Region):
            stats.passed(unit, seconds)
        else:
            (place,) = unit.places
            size = self.plan.place_bytes(place, self.batch)
            stats.took(seconds, self.plan.nodes[place].op.name, self.shapes[place], size)

    def run(self, values: Mapping[int, Array]) -> list[Array]:
        """Arrays of the plan's outputs."""
        plan, stats = self.plan, asked.get()
        held: list[Any] = [None] * len(plan.nodes)
        for place, serial in plan.bound.items():
            held[place] = values[serial]
        with np.errstate(all="ignore"), Crew(plan.threads) as crew:
            for unit, dying, given in zip(self.units, self.dying, self.given, strict=True):
                began = 0.0 if stats is None else perf_counter()
                try:
                    unit.run(held, crew)
                except GradcliError as error:
                    if error.node is None:
                        error.node = plan.nodes[unit.places[0]].serial
                    raise
                if stats is not None:
                    self._note(stats, unit, perf_counter() - began)
                if plan.watched and plan.watched.intersection(unit.places):
                    if any(np.isnan(held[place]).any() for place in unit.places):
                        raise Unsure
                for place in given:
                    POOL.give(held[place])
                for place in dying:
                    held[place] = None
        return [as_output(held[place]) for place in plan.outputs]
