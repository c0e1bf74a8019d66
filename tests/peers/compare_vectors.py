"""Generated vectors beside PyTorch and JAX, in float64.

    gradcli vectors --all --count 8 -o vectors.jsonl
    python tests/peers/compare_vectors.py vectors.jsonl

Values, VJPs and JVPs are compared to 1e-9, in each library that has the function under a spelling
of the vector. Where the vector says that its derivative is a choice (`convention`), the value alone
is. Known differences of the libraries are data below, each with its reason; any other is an error,
and the exit status says so.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections import Counter
from pathlib import Path

import jax
import jax.numpy as jnp
import jax.scipy
import numpy as np
import torch

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
warnings.simplefilter("ignore")

TOLERANCE = 1e-9
PLAIN = re.compile(r"[\w.]+\((?:[a-z](?:, )?)+\)")
TORCH = ("torch.", "F.", "nn.")
JAX = ("jnp.", "jax.")
SPACE = {"torch": torch, "F": torch.nn.functional, "nn": torch.nn.functional,
         "jnp": jnp, "jax": jax, "np": jnp, "scipy": jax.scipy}  # fmt: skip

TRIANGLE = "it reads one triangle of a matrix that is not symmetric; here its symmetric part counts"
DIGITS = "it has fewer right digits there: judged by mpmath, or by the function that replaces it"
KNOWN = {
    **{(name, library, ""): TRIANGLE
       for library in ("PyTorch", "JAX")
       for name in ("np.linalg.cholesky", "scipy.linalg.cholesky", "np.linalg.eigvalsh",
                    "np.linalg.eigh")},
    ("torch.cholesky_solve", "PyTorch", ""):
        "its gradient has entries for the triangle that its value does not read",
    ("scipy.special.j0", "PyTorch", "large"): DIGITS,
    ("scipy.special.j1", "PyTorch", "large"): DIGITS,
    ("scipy.special.log_ndtr", "PyTorch", "large"): DIGITS,
    ("scipy.special.log_ndtr", "JAX", "large"): DIGITS,
    ("torch.corrcoef", "PyTorch", "small"): DIGITS,
    ("scipy.special.y0", "PyTorch", "large"): DIGITS,
    ("scipy.special.y1", "PyTorch", "large"): DIGITS,
    ("scipy.special.betaln", "JAX", "large"): DIGITS,
    ("np.sinc", "JAX", "small"): DIGITS,
    ("jax.nn.squareplus", "JAX", "large"): DIGITS,
    ("scipy.stats.norm.logcdf", "JAX", "small"): DIGITS,
    ("np.corrcoef", "JAX", "small"): DIGITS,
    ("torch.nn.functional.cosine_similarity", "PyTorch", "small"):
        "it does not differentiate the guard that it divides by there",
}  # fmt: skip
"""(function, library, region or "") -> why the library differs."""


def array(held):
    flat = [float.fromhex(x) for x in held["hex"]] if "hex" in held else held["decimal"]
    dtype = None if "hex" in held else (bool if held["decimal"][:1] in ([True], [False]) else int)
    return np.array(flat, dtype).reshape(held["shape"])


def calls(vector):
    """(library, expression) pairs: the vector's own, and for plain calls every spelling."""
    expr = vector["expr"]
    head, bracket, rest = expr.partition("(")
    heads = vector["spellings"] if PLAIN.fullmatch(expr) else [head]
    for spelling in heads:
        if spelling.startswith(TORCH):
            yield "PyTorch", spelling + bracket + rest
        elif spelling.startswith((*JAX, "np.", "scipy.")):
            yield "JAX", spelling + bracket + rest
    if "." not in head and hasattr(jnp, head):
        yield "JAX", f"jnp.{expr}"


def by_torch(expr, vector, derive):
    inputs = {name: torch.tensor(array(held)) for name, held in vector["inputs"].items()}
    moving = {name: inputs[name] for name in vector["tangents"]}

    def function(*values):
        return eval(expr, {**SPACE, **inputs, **dict(zip(moving, values))})

    value = function(*moving.values())
    if not derive:
        return value.numpy(), None, None
    tangents = tuple(torch.tensor(array(held)) for held in vector["tangents"].values())
    seed = torch.tensor(array(vector["seed"]))
    leaves = [value.clone().requires_grad_() for value in moving.values()]
    grads = torch.autograd.grad(function(*leaves), leaves, seed, allow_unused=True)
    # Forward mode by two reverse passes: not every function of PyTorch has a rule for it.
    weight = torch.ones_like(seed).requires_grad_()
    leaves = [value.clone().requires_grad_() for value in moving.values()]
    parts = torch.autograd.grad(
        function(*leaves), leaves, weight, create_graph=True, allow_unused=True
    )
    total = sum((p * t).sum() for p, t in zip(parts, tangents) if p is not None)
    pushed = torch.autograd.grad(total, weight)[0].numpy()
    return value.detach().numpy(), [None if g is None else g.numpy() for g in grads], pushed


def by_jax(expr, vector, derive):
    inputs = {name: jnp.array(array(held)) for name, held in vector["inputs"].items()}
    moving = {name: inputs[name] for name in vector["tangents"]}

    def function(*values):
        return eval(expr, {**SPACE, **inputs, **dict(zip(moving, values))})

    if not derive:
        return np.asarray(function(*moving.values())), None, None
    value, pull = jax.vjp(function, *moving.values())
    grads = pull(jnp.array(array(vector["seed"])))
    tangents = tuple(jnp.array(array(held)) for held in vector["tangents"].values())
    pushed = jax.jvp(function, tuple(moving.values()), tangents)[1]
    return np.asarray(value), [np.asarray(g) for g in grads], np.asarray(pushed)


def differs(ours, theirs):
    """The relative difference, where it is more than the tolerance."""
    if theirs.shape != ours.shape:
        return None
    with np.errstate(all="ignore"):
        gap = np.abs(ours - theirs) / np.maximum(1, np.maximum(np.abs(ours), np.abs(theirs)))
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    worst = np.where(same, 0, np.where(np.isnan(gap), np.inf, gap)).max(initial=0)
    return float(worst) if worst > TOLERANCE else None


def compare(vector, library, expr):
    """What differs: (what, how much, theirs), or None; raises where the library has no answer."""
    run = by_torch if library == "PyTorch" else by_jax
    value, grads, pushed = run(expr, vector, not vector["convention"])
    pairs = [("value", array(vector["value"]), value)]
    if grads is not None:
        for name, grad in zip(vector["vjp"], grads):
            if grad is not None:
                pairs.append((f"VJP {name}", array(vector["vjp"][name]), grad))
        pairs.append(("JVP", array(vector["jvp"]), pushed))
    for what, ours, theirs in pairs:
        found = differs(ours, np.asarray(theirs, float))
        if found is not None:
            return what, found, ours, theirs
    return None


def main():
    compared, unknown, reasons = Counter(), [], Counter()
    covered = set()
    lines = Path(sys.argv[1]).read_text().splitlines()
    for number, line in enumerate(lines):
        vector = json.loads(line)
        name = vector["id"].partition("/")[0]
        seen = set()
        for library, expr in calls(vector):
            if library in seen:
                continue
            try:
                found = compare(vector, library, expr)
            except Exception:
                continue
            seen.add(library)
            compared[library] += 1
            covered.add(number)
            if found is None:
                continue
            reason = KNOWN.get((name, library, vector["region"]), KNOWN.get((name, library, "")))
            if reason is None:
                unknown.append((vector["id"], library, expr, *found))
            else:
                reasons[name, library, reason] += 1
    print(f"{len(lines):,} vectors, {len(covered):,} compared: {dict(compared)}")
    for (name, library, reason), count in sorted(reasons.items()):
        print(f"known: {count} of {name} beside {library}: {reason}")
    for name, library, expr, what, gap, ours, theirs in unknown:
        print(f"DIFFERS {name} {library} {expr}: {what} by {gap:.1e}: {ours} here, {theirs} there")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
