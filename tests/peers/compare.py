"""Compare functions with NumPy, PyTorch and JAX in float64, and print a table of the outcome.

    python tests/peers/compare.py linear_algebra,shapes,networks > docs/peers.md
    python tests/peers/compare.py shapes roll flip

A case is an expression that both sides evaluate as it stands: gradcli, and Python with the library
it names. Inputs are drawn by their names: a letter for the distribution, then the shape. Values
are compared with the library named; vector-Jacobian product, Jacobian-vector product and second
derivative (of the first) with PyTorch, with JAX (for `np.` and `scipy.` too), or, where neither has
them, with central differences of the library's values. Needs torch, jax and scipy; no test does.
"""

import sys
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
import torch
from cases import inputs_of, read, spelled

from gradcli.autodiff import jvp, vjp
from gradcli.engine import Plan
from gradcli.graph import Arena, building
from gradcli.ops.cotangent import Cotangent
from gradcli.run import seed_leaf
from gradcli.session import Program
from gradcli.simplify import rewrite

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
warnings.simplefilter("ignore")

WHAT = ("value", "VJP", "JVP", "second")


def flat(result):
    """Outputs as a list."""
    if isinstance(result, (tuple, list)):
        return [part for item in result for part in flat(item)]
    return [result]


def weights(shape, seed):
    return np.random.default_rng([seed, *shape]).uniform(0.5, 1.5, shape)


class Ours:
    """What gradcli gives."""

    def __init__(self, expr, arrays):
        # Methods are PyTorch's in a program that imports it.
        run = Program(f"import torch; {expr}" if "torch." in expr else expr).trace(arrays)
        traced = run.traced
        outputs = run.outputs
        wrt = [traced.inputs[n] for n, a in arrays.items() if a.dtype.kind == "f"]
        real = [o for o in outputs if o.kind == "real"]
        with building(Arena(rewrite)):
            seeds = [seed_leaf(o) for o in real]
            tangents = [seed_leaf(node) for node in wrt]
            first = vjp(real, [Cotangent(s) for s in seeds], wrt)
            pushed = jvp(real, wrt, tangents)
            found = [part for part in first if part is not None]
            outer = [seed_leaf(node) for node in wrt]
            reached = [s for s, part in zip(outer, first, strict=True) if part is not None]
            second = vjp(found, [Cotangent(s) for s in reached], wrt)
            forward = jvp(found, wrt, outer)
        values = dict(run.values)
        for leaf in seeds:
            values[leaf.serial] = weights(leaf.shape, 1)
        for leaf in tangents:
            values[leaf.serial] = weights(leaf.shape, 2)
        for leaf in outer:
            values[leaf.serial] = weights(leaf.shape, 3)
        bound = [*traced.inputs.values(), *seeds, *tangents, *outer]

        def arrays_of(nodes, like):
            present = [node for node in nodes if node is not None]
            got = iter(Plan(present, bound).run(values))
            return [
                np.zeros(one.shape) if node is None else next(got)
                for node, one in zip(nodes, like, strict=True)
            ]

        self.value = arrays_of(outputs, outputs)
        self.real = [o.kind == "real" for o in outputs]
        self.VJP = arrays_of(first, wrt)
        self.JVP = arrays_of(pushed, real)
        self.second = arrays_of(second, wrt)
        # The second derivative is symmetric: forward over reverse, against reverse over reverse.
        forward = arrays_of(forward, found)
        one = sum((a * weights(a.shape, 3)).sum() for a in forward)
        other = sum((a * weights(a.shape, 3)).sum() for a in self.second)
        assert abs(one - other) <= 1e-9 * (1 + abs(one)), "forward over reverse differs"


class Torch:
    """What PyTorch gives."""

    name = "PyTorch"

    def __init__(self, expr, arrays):
        space = {"torch": torch, "F": torch.nn.functional, "abs": torch.abs}
        floats = [n for n, a in arrays.items() if a.dtype.kind == "f"]
        fixed = {n: torch.tensor(a) for n, a in arrays.items() if n not in floats}

        def call(*given):
            results = flat(eval(expr, {**space, **fixed, **dict(zip(floats, given, strict=True))}))
            return [torch.as_tensor(r) for r in results]

        xs = [torch.tensor(arrays[n], requires_grad=True) for n in floats]
        outputs = call(*xs)
        self.value = [o.detach().numpy(force=True) for o in outputs]
        real = [o for o in outputs if o.is_floating_point()]
        seeds = [torch.tensor(weights(tuple(o.shape), 1), requires_grad=True) for o in real]
        kept = [k for k, o in enumerate(real) if o.requires_grad]
        first = grads([real[k] for k in kept], xs, [seeds[k] for k in kept])
        self.VJP = [g.detach().numpy(force=True) for g in first]
        tangents = [torch.tensor(weights(tuple(x.shape), 2)) for x in xs]
        pushed = grads(first, [seeds[k] for k in kept], tangents)
        by_place = dict(zip(kept, pushed, strict=True))
        self.JVP = [
            by_place[k].detach().numpy(force=True) if k in by_place else np.zeros(o.shape)
            for k, o in enumerate(real)
        ]
        outer = [torch.tensor(weights(tuple(g.shape), 3)) for g in first]
        self.second = [g.detach().numpy(force=True) for g in grads(first, xs, outer)]


def grads(outputs, wrt, seeds):
    pairs = [(o, s) for o, s in zip(outputs, seeds, strict=True) if o.requires_grad]
    if not pairs:
        return [torch.zeros_like(x) for x in wrt]
    found = torch.autograd.grad(
        [o for o, _ in pairs], wrt, [s for _, s in pairs], create_graph=True, allow_unused=True
    )
    return [torch.zeros_like(x) if g is None else g for g, x in zip(found, wrt, strict=True)]


class Jax:
    """What JAX gives; for `np.` and `scipy.` the values of those."""

    name = "JAX"

    def __init__(self, expr, arrays):
        floats = [n for n, a in arrays.items() if a.dtype.kind == "f"]
        fixed = {n: a for n, a in arrays.items() if n not in floats}
        space = {"np": jnp, "jnp": jnp, "jax": jax, "scipy": jax.scipy, "abs": jnp.abs}

        def call(*given):
            results = flat(eval(expr, {**space, **fixed, **dict(zip(floats, given, strict=True))}))
            return [jnp.asarray(r) for r in results]

        if "np." in expr.replace("jnp.", "") or "scipy." in expr.replace("jax.scipy.", ""):
            plain = {"np": np, "jnp": jnp, "scipy": scipy, "jax": jax, "abs": np.abs}
            self.value = [np.asarray(r) for r in flat(eval(expr, {**plain, **arrays}))]
        else:
            self.value = [np.asarray(r) for r in call(*[arrays[n] for n in floats])]

        def smooth(*given):
            return [r for r in call(*given) if r.dtype.kind == "f"]

        xs = [jnp.asarray(arrays[n]) for n in floats]
        tangents = [jnp.asarray(weights(x.shape, 2)) for x in xs]
        outputs, pushed = jax.jvp(smooth, tuple(xs), tuple(tangents))
        seeds = [jnp.asarray(weights(o.shape, 1)) for o in outputs]

        def first(*given):
            return list(jax.vjp(smooth, *given)[1](seeds))

        found, back = jax.vjp(first, *xs)
        outer = [jnp.asarray(weights(g.shape, 3)) for g in found]
        self.VJP = [np.asarray(g) for g in found]
        self.JVP = [np.asarray(t) for t in pushed]
        self.second = [np.asarray(g) for g in back(outer)]


class Differences:
    """Values of the library named, and their central differences."""

    name = "differences"

    def __init__(self, expr, arrays):
        space = {"np": np, "jnp": jnp, "scipy": scipy, "jax": jax, "torch": torch,
                 "F": torch.nn.functional}  # fmt: skip
        theirs = torch.tensor if "torch." in expr or "F." in expr else np.asarray
        names = [n for n, a in arrays.items() if a.dtype.kind == "f"]

        def call(given):
            held = {n: theirs(a) for n, a in {**arrays, **given}.items()}
            return [np.asarray(r) for r in flat(eval(expr, {**space, **held}))]

        def smooth(given):
            return [r for r in call(given) if r.dtype.kind == "f"]

        def directional(function, along, step):
            total = None
            for k, weight in ((1, 45.0), (2, -9.0), (3, 1.0)):
                for sign in (1, -1):
                    moved = {n: arrays[n] + sign * k * step * along[n] for n in names}
                    parts = [sign * weight * part for part in function(moved)]
                    total = parts if total is None else [
                        a + b for a, b in zip(total, parts, strict=True)
                    ]  # fmt: skip
            return [part / (60 * step) for part in total]

        self.value = call({})
        seeds = [weights(r.shape, 1) for r in smooth({})]

        def gradient(at, step=1e-3):
            gradients = []
            for n in names:
                g = np.zeros(arrays[n].shape)
                for place in np.ndindex(g.shape):
                    unit = {m: np.zeros(arrays[m].shape) for m in names}
                    unit[n][place] = 1

                    def shifted(moved):
                        return smooth({m: moved[m] - arrays[m] + at[m] for m in names})

                    parts = directional(shifted, unit, step)
                    g[place] = sum((s * p).sum() for s, p in zip(seeds, parts, strict=True))
                gradients.append(g)
            return gradients

        here = {n: arrays[n] for n in names}
        self.VJP = gradient(here)
        tangents = {n: weights(arrays[n].shape, 2) for n in names}
        self.JVP = directional(smooth, tangents, 1e-3)
        # The second derivative is symmetric: along the weights, by differences of the gradient.
        outer = {n: weights(arrays[n].shape, 3) for n in names}
        self.second = directional(lambda at: gradient(at, 1e-2), outer, 1e-2)


def agree(mine, theirs, tolerance):
    """Whether two lists of arrays are equal to within rounding; else what differs."""
    if len(mine) != len(theirs):
        return f"{len(mine)} parts, not {len(theirs)}"
    for a, b in zip(mine, theirs, strict=True):
        b = np.asarray(b)
        if a.shape != b.shape:
            return f"shape {a.shape}, not {b.shape}"
        a, b = np.asarray(a, float), np.asarray(b, float)
        scale = 1 + np.abs(b[np.isfinite(b)]).max(initial=0)
        if not np.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True):
            return f"off by {np.nanmax(np.abs(a - b)) / scale:.1e}"
    return ""


def outcome(expr, peer=None):
    """What agrees and what does not, by kind; and with whom it was compared."""
    arrays = inputs_of(expr)
    mine = Ours(expr, arrays)
    torch_like = "torch." in expr or "F." in expr
    peer = peer or (Torch if torch_like else Jax)
    try:
        theirs, tolerance = peer(expr, arrays), 1e-10
    except (NotImplementedError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        if peer is Differences:
            raise
        print(f"{expr}: {str(error).splitlines()[0]}", file=sys.stderr)
        peer, theirs, tolerance = Differences, Differences(expr, arrays), 1e-6
    found = {}
    for what in WHAT:
        loose = tolerance if what != "value" else 1e-11
        if what == "second" and tolerance > 1e-8:
            loose = 1e-4
        found[what] = agree(getattr(mine, what), getattr(theirs, what), loose)
    return found, peer.name


def table(path, only):
    """Print one file's table; the number of expressions that disagree."""
    title, cases, documented = read(path)
    rows, differences, wrong = [], [], 0
    for name, expressions in cases.items():
        if only and name not in only:
            continue
        verdict = dict.fromkeys(WHAT, True)
        peers, spellings = set(), set()
        for expr in expressions:
            spellings |= spelled(expr, name)
            try:
                found, peer = outcome(expr)
            except Exception as error:
                found, peer = {what: f"{type(error).__name__}: {error}" for what in WHAT}, "nothing"
            peers.add(peer)
            bad = {what: text for what, text in found.items() if text}
            if expr in documented:
                kinds = ", ".join(bad) or "not seen any more"
                differences.append(f"- `{expr}` ({kinds}): {documented[expr]}")
                wrong += not bad
                continue
            wrong += bool(bad)
            for what, text in bad.items():
                verdict[what] = False
                print(f"{name}: {expr}: {what}: {text}", file=sys.stderr)
        cells = " | ".join("yes" if verdict[what] else "**no**" for what in WHAT)
        names = ", ".join(f"`{one}`" for one in sorted(spellings))
        count = len(expressions)
        rows.append(f"| {name} | {names} | {count} | {cells} | {', '.join(sorted(peers))} |")
    print(f"\n## {title}\n")
    print("| name | spellings | calls | value | VJP | JVP | second | derivatives of |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    if differences:
        print("\nDifferences on purpose:\n\n" + "\n".join(differences))
    return wrong


def main(files, *only):
    print("# Functions beside NumPy, PyTorch and JAX\n")
    print("Made by tests/peers/compare.py: each call is evaluated by gradcli and by the library it")
    print("names; values, vector-Jacobian and Jacobian-vector products and second derivatives are")
    print(
        "compared in float64. Where PyTorch or JAX has no derivative, central differences serve.\n"
    )
    print(
        f"NumPy {np.__version__}, PyTorch {torch.__version__.split('+')[0]}, JAX {jax.__version__}."
    )
    here = Path(__file__).parent
    return 1 if sum(table(here / f"{file}.txt", only) for file in files.split(",")) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
