"""Benchmarks: gradcli, NumPy by hand and each peer that is installed, on the same work.

    python benchmarks/run.py [--runs 7] [--peers PYTHON] [--only WORD]

Each contestant has a process of its own; they take turns, run by run, so that ratios hold on a
machine whose speed drifts. What is printed, as a Markdown table, is the median of gradcli's time,
and medians of its ratio to each other's time: below 1, gradcli is faster. Peers (PyTorch, JAX, HIPS
autograd, CasADi) are those of the Python that --peers names, by default of this one.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import work

HERE = Path(__file__).parent
NAMES = ["gradcli", "numpy", "torch", "jax", "autograd", "casadi"]
TITLES = ["NumPy by hand", "PyTorch", "JAX, jitted", "autograd", "CasADi"]

CASES = [
    *[(f"gradient, elementwise, {size:,}", "chain", size) for size in work.SIZES],
    ("gradient, MLP 64-256-10", "mlp", None),
    ("gradient, logistic regression", "logistic", None),
    ("recurrence, 10,000 steps, traced", "recurrence", None),
    ("the same at another input", "recurrence_again", None),
    ("Jacobian, dense, 1001", "dense_jacobian", None),
    ("Jacobian, diagonal, 1001", "diagonal_jacobian", None),
    ("Jacobian, banded, 100,000, sparse", "banded_jacobian", None),
    ("Hessian, Rosenbrock, 1000, dense", "hessian", None),
    ("the same, 100,000, sparse", "sparse_hessian", None),
]
STANDS_FOR = {("jax", "recurrence"): None, ("torch", "recurrence_again"): "recurrence"}
"""Where a contestant has nothing to compile, its one way of doing it stands for both."""
STANDS_FOR |= {("numpy", "recurrence_again"): "recurrence"}
STANDS_FOR |= {("autograd", "recurrence_again"): "recurrence"}

VALUES = [("elementwise, 1,000,000", "chain", 1_000_000), ("MLP", "mlp", None)]
VALUES += [("elementwise, 1,000", "chain", 1_000), ("elementwise, 100,000", "chain", 100_000)]
VALUES += [("logistic regression", "logistic", None), ("recurrence", "recurrence_again", None)]


class Contestant:
    """A worker process; `cases` is None where its library is missing."""

    def __init__(self, name, python):
        self.name = name
        self.process = subprocess.Popen(
            [python, str(HERE / "worker.py"), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        self.cases = json.loads(line) if line else None

    def case(self, name):
        """What the contestant calls a case; None where it does not take part."""
        name = STANDS_FOR.get((self.name, name), name)
        return name if name in (self.cases or ()) else None

    def ask(self, case, size, do="time"):
        self.process.stdin.write(json.dumps({"case": case, "size": size, "do": do}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return float(line) if line else None

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def side_by_side(contestants, case, size, runs):
    """Median seconds of the first contestant, and median ratios of them to each other's."""
    present = [one for one in contestants if one.case(case)]
    taken = {one.name: [] for one in present}
    for _ in range(runs):
        for one in present:
            seconds = one.ask(one.case(case), size)
            if seconds is not None:
                taken[one.name].append(seconds)
    ours = taken[contestants[0].name]
    ratios = {}
    for name, theirs in taken.items():
        if name != contestants[0].name and len(theirs) == len(ours):
            ratios[name] = statistics.median([a / b for a, b in zip(ours, theirs, strict=True)])
    return statistics.median(ours), ratios


def started(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def starts(python_of, present, runs):
    """Seconds from start to a first gradient, and ratios."""
    commands = {}
    for name in present:
        code = (
            "import json, sys; sys.path.insert(0, sys.argv[1]); from worker import contestant; "
            "print(json.dumps(contestant(sys.argv[2]).START))"
        )
        out = subprocess.check_output([python_of(name), "-c", code, str(HERE), name], text=True)
        commands[name] = json.loads(out.splitlines()[-1])
    rounds = [{name: started(commands[name]) for name in present} for _ in range(runs)]
    ours = statistics.median([one["gradcli"] for one in rounds])
    others = present[1:]
    return ours, {n: statistics.median([one["gradcli"] / one[n] for one in rounds]) for n in others}


def row(title, text, ratios):
    cells = [f"{ratios[name]:.2f}" if name in ratios else "" for name in NAMES[1:]]
    print(f"| {title} | {text} | {' | '.join(cells)} |", flush=True)


def duration(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--only", default="", metavar="WORD")
    options = parser.parse_args()
    os.environ.setdefault("PYTHONPATH", str(HERE.parent))

    def python_of(name):
        return sys.executable if name in ("gradcli", "numpy") else options.peers

    everyone = [Contestant(name, python_of(name)) for name in NAMES]
    contestants = [one for one in everyone if one.cases is not None]
    present = [one.name for one in contestants]
    print(f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"{options.runs} runs, float64.\n\n| | gradcli | {' | '.join(TITLES)} |")
    print(f"|---|---|{'---|' * len(TITLES)}", flush=True)

    def wanted(title):
        return options.only in title

    if wanted("start to answer"):
        ours, ratios = starts(python_of, present, options.runs)
        row("start to answer", duration(ours), ratios)
    for title, case, size in CASES:
        if wanted(title):
            ours, ratios = side_by_side(contestants, case, size, options.runs)
            row(title, duration(ours), ratios)
    for one in contestants:
        one.close()
    if wanted("memory"):
        size = 5_000_000
        added = {}
        for name in present:
            one = Contestant(name, python_of(name))
            added[name] = one.ask("chain", size, "memory")
            one.close()
        ours = added.pop("gradcli")
        shares = {name: ours / theirs for name, theirs in added.items()}
        row("peak memory beside the input, 5,000,000", f"{ours / size / 8:.2f} inputs", shares)
    ours = Contestant("gradcli", sys.executable)
    if wanted("value"):
        print("\nGradient over value:", end=" ")
        costs = []
        for title, case, size in VALUES:
            pairs = [
                ours.ask(case, size) / ours.ask(f"{case}_value", size) for _ in range(options.runs)
            ]
            costs.append(statistics.median(pairs))
            print(f"{title} {costs[-1]:.2f}", end="; ", flush=True)
        print(f"median {statistics.median(costs):.2f}.")
    if wanted("batch"):
        for title, case, count in (
            ("with one expression", "batch_repeated", 10_000),
            ("each with a new one", "batch_new", 2_000),
        ):
            taken = statistics.median(
                [ours.ask(case, None) for _ in range(max(1, options.runs // 2))]
            )
            print(f"\n`gradcli batch`, {title}: {count / taken:,.0f} requests a second.")
    if wanted("terms"):
        taken = ours.ask("terms", None)
        print(
            f"\nAn expression of 100,000 terms, read, traced, differentiated, run: {taken:.1f} s."
        )
    ours.close()


if __name__ == "__main__":
    main()
