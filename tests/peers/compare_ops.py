"""Functions of the language beside PyTorch, JAX, NumPy and SciPy, in float64.

    python tests/peers/compare_ops.py [--write docs/agreement.md] [--keep FILE] [NAME ...]

Every case is an expression that both sides read: here gradcli, there Python with the library's own
modules. Value, vector-Jacobian product, Jacobian-vector product and second derivative (the
gradient's derivative along a direction) are compared. PyTorch and JAX are needed to run this, and
for nothing else; it takes a quarter of an hour (in parts, with --keep and --seconds). Documented
differences are data, in `differences.py` and in the files of cases; any other is an error, and the
exit status says so.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import warnings
from datetime import date
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import scipy
import scipy.integrate
import scipy.linalg
import scipy.special
import scipy.stats
import torch

sys.path.insert(0, str(Path(__file__).parent))

import cases
import differences
import elementwise
import losses
import reductions

from gradcli.autodiff import jvp, vjp
from gradcli.engine import Plan
from gradcli.errors import GradcliError
from gradcli.graph import Arena, Node, building
from gradcli.ops.binding import SPELLED, load_all
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import input_
from gradcli.session import Program
from gradcli.simplify import rewrite

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
warnings.simplefilter("ignore")

TOLERANCE = 1e-9
ASKED = ("value", "VJP", "JVP", "second")
SPACE = {
    "np": np,
    "scipy": scipy,
    "torch": torch,
    "F": torch.nn.functional,
    "jnp": jnp,
    "jax": jax,
    "nan": float("nan"),
    "inf": float("inf"),
}
BY_JAX = {"np": jnp, "scipy": jax.scipy}
FILES = [cases.read(path) for path in sorted(Path(__file__).parent.glob("*.txt"))]


def parts_of(found):
    """The outputs of a call, in a list."""
    return list(found) if isinstance(found, (tuple, list)) else [found]


def is_real(array):
    return np.asarray(array).dtype.kind == "f"


class Directions:
    """Seeds for outputs and tangents for inputs, the same on both sides."""

    def __init__(self, values, inputs):
        random = np.random.default_rng(11)
        self.seeds = [random.uniform(0.5, 1.5, np.shape(v)) if is_real(v) else None for v in values]
        self.tangents = {name: random.uniform(-1, 1, np.shape(x)) for name, x in inputs.items()}


# --- our side ------------------------------------------------------------------------------------


def leaf(shape):
    return Node(input_, (), (shape, "x", "real"), ((shape, "real"),))


class Ours:
    """An expression traced at its inputs, and what is asked of it."""

    def __init__(self, expr, inputs):
        # Methods are PyTorch's in a program that imports it.
        imported = "import torch; " if library_of(expr) in ("torch", "F") else ""
        run = Program(imported + expr).trace(inputs)
        self.traced, self.values = run.traced, run.values
        self.outputs = run.outputs
        self.static = set(run.traced.static)

    def compute(self, nodes, extra=()):
        present = [node for node in nodes if node is not None]
        bound = [*self.traced.inputs.values(), *[node for node, _ in extra]]
        values = {**self.values, **{node.serial: array for node, array in extra}}
        found = iter(Plan(present, bound).run(values))
        return [None if node is None else next(found) for node in nodes]

    def value(self):
        found = self.compute(self.outputs)
        kinds = [node.kind for node in self.outputs]
        return [a if kind == "real" else a.astype(int) for a, kind in zip(found, kinds)]

    def derivatives(self, smooth, directions):
        wrt = {name: node for name, node in self.traced.inputs.items() if name in smooth}
        nodes = list(wrt.values())
        outputs = [o for o, s in zip(self.outputs, directions.seeds) if s is not None]
        seeds = [(leaf(s.shape), s) for s in directions.seeds if s is not None]
        tangents = [(leaf(directions.tangents[n].shape), directions.tangents[n]) for n in wrt]
        with building(Arena(rewrite)):
            back = vjp(outputs, [Cotangent(node) for node, _ in seeds], nodes)
            forth = jvp(outputs, nodes, [node for node, _ in tangents])
            present = [part for part in back if part is not None]
            second = jvp(present, nodes, [node for node, _ in tangents]) if present else []
        bent = iter(second)
        second = [None if part is None else next(bent) for part in back]
        extra = [*seeds, *tangents]
        shapes = [node.shape for node in nodes]
        filled = [
            [np.zeros(shape) if part is None else part for part, shape in zip(parts, wanted)]
            for parts, wanted in (
                (self.compute(back, extra), shapes),
                (self.compute(forth, extra), [o.shape for o in outputs]),
                (self.compute(second, extra), shapes),
            )
        ]
        return dict(zip(ASKED[1:], filled))


# --- their side ----------------------------------------------------------------------------------


def called(expr, values):
    return parts_of(eval(expr, {**SPACE, **values}))


def numpy_side(expr, inputs, smooth, directions):
    return {}


def torch_takes(expr, inputs, name):
    """Whether PyTorch differentiates by that argument at all."""
    values = {n: torch.tensor(x, requires_grad=n == name) for n, x in inputs.items()}
    try:
        called(expr, values)
    except RuntimeError:
        return False
    return True


def torch_side(expr, inputs, smooth, directions):
    """What PyTorch gives; a question that it has no formula for is left out."""
    fixed = {n: torch.tensor(x) for n, x in inputs.items() if n not in smooth}
    leaves = {n: torch.tensor(inputs[n], requires_grad=True) for n in smooth}
    found = {}
    outputs = called(expr, {**fixed, **leaves})
    outputs = [o for o, s in zip(outputs, directions.seeds) if s is not None]
    seeds = [torch.tensor(s) for s in directions.seeds if s is not None]
    tangents = [torch.tensor(directions.tangents[n]) for n in smooth]
    try:
        back = torch.autograd.grad(
            outputs, list(leaves.values()), seeds, create_graph=True, allow_unused=True
        )
        found["VJP"] = [plain(b, x) for b, x in zip(back, leaves.values())]
    except (RuntimeError, NotImplementedError):
        return found
    try:
        total = sum((b * t).sum() for b, t in zip(back, tangents) if b is not None and b.grad_fn)
        bent = [None] * len(leaves)
        if isinstance(total, torch.Tensor):
            bent = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
        found["second"] = [plain(b, x) for b, x in zip(bent, leaves.values())]
    except (RuntimeError, NotImplementedError):
        pass

    def call(*args):
        parts = called(expr, {**fixed, **dict(zip(smooth, args))})
        return tuple(o for o, s in zip(parts, directions.seeds) if s is not None)

    try:
        _, forth = torch.autograd.functional.jvp(call, tuple(leaves.values()), tuple(tangents))
        found["JVP"] = [f.detach().numpy() for f in parts_of(forth)]
    except (RuntimeError, NotImplementedError):
        pass
    return found


def plain(tensor, like):
    return np.zeros(like.shape) if tensor is None else tensor.detach().numpy()


def jax_for_numpy_side(expr, inputs, smooth, directions):
    """Derivatives of a call of NumPy or SciPy, by JAX's function of that name, if it agrees."""
    try:
        return jax_side(expr, inputs, smooth, directions, BY_JAX)
    except (AttributeError, TypeError, ValueError):
        return {}


def jax_side(expr, inputs, smooth, directions, spaces=None):
    fixed = {n: jnp.asarray(x) for n, x in inputs.items() if n not in smooth} | (spaces or {})

    def call(*args):
        parts = called(expr, {**fixed, **dict(zip(smooth, args))})
        return [o for o, s in zip(parts, directions.seeds) if s is not None]

    primals = tuple(jnp.asarray(inputs[n]) for n in smooth)
    tangents = tuple(jnp.asarray(directions.tangents[n]) for n in smooth)
    seeds = [jnp.asarray(s) for s in directions.seeds if s is not None]
    found = {}
    try:
        found["JVP"] = [np.asarray(t) for t in jax.jvp(call, primals, tangents)[1]]

        def gradient(*args):
            return jax.vjp(call, *args)[1](seeds)

        found["VJP"] = [np.asarray(g) for g in gradient(*primals)]
        found["second"] = [np.asarray(t) for t in jax.jvp(gradient, primals, tangents)[1]]
    except (NotImplementedError, TypeError, ValueError):
        pass
    return found


SIDES = {"np": numpy_side, "scipy": numpy_side, "jnp": jax_side, "jax": jax_side}


def library_of(expr):
    return next(word for word in re.findall(r"\w+(?=\.)", expr) if word in SPACE)


# --- comparison ----------------------------------------------------------------------------------


def near(ours, theirs):
    """The largest difference relative to the size of the arrays; None where all agree."""
    if len(ours) != len(theirs):
        return "another number of outputs"
    for a, b in zip(ours, theirs):
        a, b = np.asarray(a, float), np.asarray(b, float)
        if a.shape != b.shape:
            return f"shape {a.shape} for {b.shape}"
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            return "NaN at other places"
        with np.errstate(all="ignore"):
            off = np.where((a == b) | np.isnan(a), 0, np.abs(a - b))
            scale = 1 + np.nanmax(np.where(np.isfinite(b), np.abs(b), 0), initial=0)
            if not np.all(off <= TOLERANCE * scale):
                return f"{np.nanmax(off) / scale:.1e} off"
    return None


def compare(expr, inputs):
    """For each question "yes", "-" (the library has no answer) or what differs."""
    library = library_of(expr)
    values = {n: np.asarray(x) for n, x in inputs.items()}
    smooth = [n for n, x in values.items() if x.dtype.kind == "f"]
    if library in ("torch", "F"):
        theirs = called(expr, {n: torch.tensor(x) for n, x in values.items()})
        theirs = [np.asarray(t.detach()) if isinstance(t, torch.Tensor) else t for t in theirs]
    else:
        held = (
            values if library in ("np", "scipy") else {n: jnp.asarray(x) for n, x in values.items()}
        )
        theirs = [np.asarray(t) for t in called(expr, held)]
    try:
        ours = Ours(expr, values)
        found = {"value": near(ours.value(), theirs) or "yes"}
    except GradcliError as error:
        return dict.fromkeys(ASKED, str(error))
    directions = Directions(theirs, values)
    smooth = [n for n in smooth if n not in ours.static]
    if library in ("torch", "F"):
        smooth = [n for n in smooth if torch_takes(expr, values, n)]
    if not smooth or all(s is None for s in directions.seeds):
        return {**found, **dict.fromkeys(ASKED[1:], "-")}
    side = SIDES.get(library, torch_side)
    if side is numpy_side and any(expr in group for file in FILES for group in file[1].values()):
        side = jax_for_numpy_side
    expected = side(expr, values, smooth, directions)
    mine = ours.derivatives(smooth, directions)
    for asked in ASKED[1:]:
        found[asked] = "-" if asked not in expected else near(mine[asked], expected[asked]) or "yes"
    return found


def judged(expr, found):
    """What differs and is not documented."""
    allowed = documented().get(expr)
    wrong = {asked: said for asked, said in found.items() if said not in ("yes", "-")}
    return {} if allowed is not None else wrong


def documented():
    """The differences on purpose: call -> why."""
    merged = dict(differences.DIFFERENCES)
    for _, _, why in FILES:
        merged.update(why)
    return merged


def tables():
    """Name -> cases, from all files of cases."""
    merged = {}
    for _, groups, _ in FILES:
        for name, calls in groups.items():
            merged.setdefault(name, []).extend((expr, cases.inputs_of(expr)) for expr in calls)
    for module in (elementwise, reductions, losses):
        for name, calls in module.CASES.items():
            merged.setdefault(name, []).extend(calls)
    return merged


def unknown_names():
    """Spellings that the library does not have."""
    load_all()
    for name in sorted(SPELLED):
        found = SPACE.get(name.partition(".")[0])
        for part in name.split(".")[1:]:
            found = getattr(found, part, None)
        if "." in name and name.split(".")[0] in ("torch", "jnp", "jax") and found is None:
            yield name


def summary(results, asked):
    said = {found[asked] for found in results}
    if said <= {"yes", "-"}:
        return "yes" if "yes" in said else "-"
    return "see below"


def key_of(expr, inputs):
    """What names a case in the file of results."""
    shapes = [list(np.shape(x)) for x in inputs.values()]
    return f"{expr} {shapes}"


def computed(groups, kept, words, end):
    """Results of all cases by name; those of other names than `words` are taken from `kept`.

    What is found after the time `end` is left for another run.
    """
    results, failed, fresh = {}, 0, 0
    for name, calls in sorted(groups.items()):
        found = results[name] = []
        for expr, inputs in calls:
            key = key_of(expr, inputs)
            if name in words or key not in kept:
                if time.monotonic() > end:
                    return None, 0
                kept[key] = compare(expr, inputs)
                fresh += 1
                if fresh % 500 == 0:
                    # Compiled functions would fill the memory.
                    jax.clear_caches()
            found.append(kept[key])
            wrong = judged(expr, kept[key])
            if wrong:
                failed += 1
                print(f"{key}: {wrong}", file=sys.stderr)
    shown = {call for call, said in said_of(groups, results) if set(said) - {"yes", "-"}}
    for call in set(documented()) - shown if not words else ():
        failed += 1
        print(f"{call}: a documented difference that is none", file=sys.stderr)
    return results, failed


def said_of(groups, results):
    """(call, what was found) of every case."""
    for name, found in results.items():
        for (expr, _), said in zip(groups[name], found):
            yield expr, said.values()


COLUMNS = {"NumPy, SciPy": ("np", "scipy"), "PyTorch": ("torch", "F", ""), "JAX": ("jnp", "jax")}


def row(name, calls, results):
    """A line of the table: how each library spells it, and whether they agree."""
    heads = sorted({head for expr, _ in calls for head in cases.spelled(expr, name)})
    shown = [
        ", ".join(f"`{head}`" for head in heads if head.partition(".")[0] in libraries)
        for libraries in COLUMNS.values()
    ]
    answers = [summary(results, asked) for asked in ASKED]
    return f"| {' | '.join([name, *shown, str(len(calls)), *answers])} |"


def missing(groups):
    """Spellings of the libraries that no case calls."""
    calls = [(expr, name) for name, held in groups.items() for expr, _ in held]
    heads = {head for expr, name in calls for head in cases.spelled(expr, name)}
    for spelling in SPELLED:
        library, _, rest = spelling.partition(".")
        short = f".{rest}" if library == "Tensor" else spelling.replace("torch.nn.functional", "F")
        named = library in ("np", "scipy", "torch", "jnp", "jax", "Tensor")
        if named and not {short, spelling} & (heads | set(differences.NOT_COMPARED)):
            yield spelling


def own_names():
    """Functions that no library spells: bare names of the language."""
    load_all()
    for found in dict.fromkeys(SPELLED.values()):
        if all("." not in name for name in found.spellings):
            yield f"| `{found.name}` | {found.doc} |"


def document(groups, results):
    """The whole of docs/agreement.md."""
    spelled = " | ".join(COLUMNS)
    return [
        "# Agreement with PyTorch, JAX, NumPy and SciPy",
        "",
        f"Compared in float64 with PyTorch {torch.__version__.split('+')[0]}, JAX "
        f"{jax.__version__}, NumPy {np.__version__} and SciPy {scipy.__version__} on "
        f"{date.today()} by `tests/peers/compare_ops.py`: "
        f"{sum(map(len, results.values()))} calls, the value and derivatives of each within "
        f"{TOLERANCE} of the size of the result. A dash: the library has no derivative of that "
        "order, or there is none. Derivatives of NumPy's and SciPy's functions are those of JAX's "
        "function of that name; they are compared to finite differences too, as all are.",
        "",
        f"| function | {spelled} | calls | value | VJP | JVP | second |",
        "|---|---|---|---|---|---|---|---|---|",
        *[row(name, groups[name], found) for name, found in results.items()],
        "",
        *differences.table(documented()),
        "",
        *differences.not_compared(),
        "",
        "## Functions that no library has",
        "",
        "Their values and slopes are compared to mpmath and to finite differences.",
        "",
        "| name | meaning |",
        "|---|---|",
        *own_names(),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="the file for the table")
    parser.add_argument("--keep", type=Path, help="a file of results, read first and written last")
    parser.add_argument("--seconds", type=float, default=1e9, help="go on in the next run")
    parser.add_argument("names", nargs="*", help="compute these alone; others are kept")
    asked = parser.parse_args()
    groups, kept = tables(), {}
    if asked.keep and asked.keep.exists():
        kept = json.loads(asked.keep.read_text())
    elif asked.names:
        groups = {name: calls for name, calls in groups.items() if name in asked.names}
    end = time.monotonic() + asked.seconds
    results, failed = computed(groups, kept, asked.names, end)
    if asked.keep:
        asked.keep.write_text(json.dumps(kept))
    if results is None:
        print(f"{len(kept)} cases so far", file=sys.stderr)
        return 4
    if not asked.names:
        for name in missing(groups):
            print(f"{name} has no case", file=sys.stderr)
            failed += 1
    for name in unknown_names():
        print(f"{name} is spelled here, and not in its library", file=sys.stderr)
        failed += 1
    text = "\n".join(document(groups, results)) + "\n"
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")
    else:
        print(text)
    count = sum(map(len, results.values()))
    print(f"{count} cases, {failed} with an undocumented difference", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
