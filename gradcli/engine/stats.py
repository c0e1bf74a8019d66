"""What runs took: counted and timed while someone asks for it."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any

from gradcli.engine.memory import bytes_text

if TYPE_CHECKING:
    from gradcli.engine.plan import Plan
    from gradcli.engine.regions import Region
    from gradcli.graph import Shape

BIGGEST = 5
"""Steps that are named."""


class Stats:
    """What all runs took since it was made: `seconds` counts from then on.

    passes: a run of many seeds at once counts as many. peak: the largest estimate of the memory of
    a run beside its inputs. units: (seconds, what, shape, bytes) of each region and each step of
    large arrays.
    """

    def __init__(self) -> None:
        self.began = perf_counter()
        self.passes = self.runs = self.steps = self.regions = self.peak = 0
        self.running = 0.0
        self.threads = 1
        self.units: list[tuple[float, str, Shape, int]] = []

    def ran(self, plan: Plan, batch: int, seconds: float) -> None:
        """Note a run of a plan."""
        self.runs += 1
        self.passes += batch
        self.running += seconds
        self.steps += len(plan.nodes) - len(plan.bound)
        self.threads = max(self.threads, plan.threads)
        self.peak = max(self.peak, plan.peak(batch)[0])

    def took(self, seconds: float, what: str, shape: Shape, size: int) -> None:
        """Note a step of its own."""
        self.units.append((seconds, what, shape, size))

    def passed(self, region: Region, seconds: float) -> None:
        """Note a pass over a region."""
        self.regions += 1
        plan = region.plan
        names = [plan.nodes[place].op.name for place in (*region.members, *region.ends)]
        more = f", {len(names) - 8} more" if len(names) > 8 else ""
        size = sum([plan.place_bytes(place, region.batch) for place in region.places])
        self.took(seconds, "region: " + ", ".join(names[:8]) + more, region.shape, size)

    def biggest(self) -> list[tuple[float, str, Shape, int]]:
        """The steps that took longest, equal ones together."""
        together: dict[tuple[str, Shape, int], float] = {}
        for seconds, *what in self.units:
            key: Any = tuple(what)
            together[key] = together.get(key, 0.0) + seconds
        found = [(seconds, *key) for key, seconds in together.items()]
        return sorted(found, reverse=True)[:BIGGEST]

    def facts(self) -> dict[str, Any]:
        """All of it by name, for programs."""
        return {
            "seconds": round(perf_counter() - self.began, 6),
            "engine_seconds": round(self.running, 6),
            "passes": self.passes,
            "runs": self.runs,
            "steps": self.steps,
            "regions": self.regions,
            "threads": self.threads,
            "peak_memory": self.peak,
            "biggest": [
                {"step": what, "shape": list(shape), "bytes": size, "seconds": round(seconds, 6)}
                for seconds, what, shape, size in self.biggest()
            ],
        }

    def lines(self) -> list[str]:
        """The same for people."""
        facts = self.facts()

        def counted(name: str) -> str:
            number = facts[name]
            return f"{number:,} {name[:-1] if number == 1 else name}"

        passes = "1 pass" if self.passes == 1 else f"{self.passes:,} passes"
        parts = [passes, counted("runs"), counted("steps"), counted("regions"), counted("threads")]
        head = f"{facts['seconds']:.3f} s, {facts['engine_seconds']:.3f} s of it in the engine"
        lines = [f"{head}: {', '.join(parts)}; memory up to {bytes_text(self.peak)}"]
        for seconds, what, shape, size in self.biggest():
            sizes = "x".join([str(int(n)) for n in shape]) or "1"
            lines.append(f"{seconds:.3f} s {what} ({sizes}, {bytes_text(size)})")
        return lines


asked: ContextVar[Stats | None] = ContextVar("stats", default=None)
"""Where runs are to be noted."""


def recording() -> Stats:
    """From now on, and in this context, note what runs take."""
    stats = Stats()
    asked.set(stats)
    return stats
