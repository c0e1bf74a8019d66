"""Edges and ties of functions of many numbers: what their derivative is where it is a choice.

Kinks of elementwise rows stand in the rows themselves (`kinks`); these are the points that no
single number describes. Order of choice, as PyTorch documents it: the derivative where it exists;
else the subgradient of least norm where the function is locally convex or concave; else by
continuity; ties share evenly. Read by the tests and the documentation, by nothing at run time.
"""

from __future__ import annotations

from typing import NamedTuple

INF, NAN = float("inf"), float("nan")


class Edge(NamedTuple):
    """The gradient of `call` at x (seeded with ones).

    torch, jax: what the libraries call it, where they have it.
    """

    call: str
    x: list[float]
    gradient: list[float]
    why: str
    torch: str = ""
    jax: str = ""


SHARED = "ties share evenly"
PICKED = "PyTorch names a position: its element has it all"
FLAT = "0, the subgradient of least norm"
EXACT = "the limit, without division"
NOTHING = "what is not there has no share"

EDGES = [
    Edge("max(x)", [1, 3, 3], [0, 0.5, 0.5], SHARED, "torch.max(x)", "jnp.max(x)"),
    Edge("min(x)", [1, 1, 3], [0.5, 0.5, 0], SHARED, "torch.amin(x)", "jnp.min(x)"),
    Edge("torch.max(x, 0)[0]", [3, 3], [1, 0], PICKED, "torch.max(x, 0)[0]"),
    Edge("ptp(x)", [1, 1, 3], [-0.5, -0.5, 1], SHARED, "", "jnp.ptp(x)"),
    Edge("median(x)", [1, 2, 2, 5], [0, 0.5, 0.5, 0], SHARED, "", "jnp.median(x)"),
    Edge("torch.median(x)", [1, 2, 2, 5], [0, 0.5, 0.5, 0], SHARED, "torch.median(x)"),
    Edge("torch.median(x, 0)[0]", [1, 2, 5, 9], [0, 1, 0, 0], PICKED, "torch.median(x, 0)[0]"),
    Edge("quantile(x, 0.25)", [1, 2, 2, 2, 5], [0, 1 / 3, 1 / 3, 1 / 3, 0], SHARED,
         "torch.quantile(x, 0.25)", "jnp.quantile(x, 0.25)"),
    Edge("cummax(x, 0)[0]", [1, 1, 0], [1, 2, 0], "of equal ones the last has it",
         "torch.cummax(x, 0)[0]", "jax.lax.cummax(x)"),
    Edge("linalg.norm(x)", [0, 0], [0, 0], FLAT, "torch.linalg.norm(x)", "jnp.linalg.norm(x)"),
    Edge("linalg.norm(x, 1)", [0, 2], [0, 1], FLAT, "torch.linalg.norm(x, 1)",
         "jnp.linalg.norm(x, 1)"),
    Edge("linalg.norm(x, 3)", [0, 0], [0, 0], FLAT, "torch.linalg.norm(x, 3)",
         "jnp.linalg.norm(x, 3)"),
    Edge("linalg.norm(x, 0.5)", [0, 4], [0, 1], "0 at the cusp", "torch.linalg.norm(x, 0.5)",
         "jnp.linalg.norm(x, 0.5)"),
    Edge("linalg.norm(x, inf)", [1, -1], [0.5, -0.5], SHARED,
         "torch.linalg.norm(x, float('inf'))", "jnp.linalg.norm(x, jnp.inf)"),
    Edge("std(x)", [2, 2, 2], [0, 0, 0], FLAT, "torch.std(x, correction=0)", "jnp.std(x)"),
    Edge("nanstd(x)", [2, NAN, 2], [0, 0, 0], FLAT, "", "jnp.nanstd(x)"),
    Edge("prod(x)", [2, 0, 3], [0, 6, 0], EXACT, "torch.prod(x)", "jnp.prod(x)"),
    Edge("prod(x)", [2, 0, 0], [0, 0, 0], EXACT, "torch.prod(x)", "jnp.prod(x)"),
    Edge("cumprod(x)", [2, 0, 3], [1, 8, 0], EXACT, "torch.cumprod(x, 0)", "jnp.cumprod(x)"),
    Edge("logsumexp(x)", [-INF, 0], [0, 1], NOTHING, "torch.logsumexp(x, 0)",
         "jax.nn.logsumexp(x)"),
    Edge("logsumexp(x)", [-INF, -INF], [0, 0], NOTHING, "torch.logsumexp(x, 0)",
         "jax.nn.logsumexp(x)"),
    Edge("logcumsumexp(x, 0)", [-INF, 0], [0, 1], NOTHING, "torch.logcumsumexp(x, 0)",
         "jax.lax.cumlogsumexp(x)"),
    Edge("softmax(x)[0]", [0, -INF, 0], [0.25, 0, -0.25], NOTHING, "torch.softmax(x, 0)[0]",
         "jax.nn.softmax(x)[0]"),
    Edge("log_softmax(x)[0]", [0, -INF], [0, 0], NOTHING, "torch.log_softmax(x, 0)[0]",
         "jax.nn.log_softmax(x)[0]"),
    Edge("nansum(x)", [1, NAN], [1, 0], NOTHING, "torch.nansum(x)", "jnp.nansum(x)"),
    Edge("nanmean(x)", [1, NAN, 3], [0.5, 0, 0.5], NOTHING, "torch.nanmean(x)", "jnp.nanmean(x)"),
    Edge("nanmax(x)", [1, NAN, 3], [0, 0, 1], NOTHING, "", "jnp.nanmax(x)"),
    Edge("nanmedian(x)", [1, NAN, 3], [0.5, 0, 0.5], NOTHING, "", "jnp.nanmedian(x)"),
    Edge("nan_to_num(x)", [NAN, INF, 1], [0, 0, 1], NOTHING, "torch.nan_to_num(x)",
         "jnp.nan_to_num(x)"),
    Edge("where(x > 0, sqrt(x), 0)", [-1, 4], [0, 0.25], "the other branch is not there",
         "torch.where(x > 0, torch.sqrt(x), 0)", "jnp.where(x > 0, jnp.sqrt(x), 0)"),
    Edge("clip(x, 0, 1)", [0, 0.5, 1, 2], [1, 1, 1, 0], "passes at its bounds",
         "torch.clamp(x, 0, 1)", "jnp.clip(x, 0, 1)"),
    Edge("hardtanh(x)", [-1, 0, 1], [0, 1, 0], FLAT, "F.hardtanh(x)", "jax.nn.hard_tanh(x)"),
    Edge("relu6(x)", [0, 3, 6], [0, 1, 0], FLAT, "F.relu6(x)", "jax.nn.relu6(x)"),
    Edge("hardswish(x)", [-3, 3], [0, 1], "the slope nearest 0", "F.hardswish(x)",
         "jax.nn.hard_swish(x)"),
    Edge("softshrink(x)", [-0.5, 0.5, 1], [0, 0, 1], FLAT, "F.softshrink(x)"),
    Edge("hardshrink(x)", [-0.5, 0.5, 1], [0, 0, 1], "of the value it has there",
         "F.hardshrink(x)"),
    Edge("threshold(x, 0.5, 9)", [0.5, 1], [0, 1], "of the value it has there",
         "F.threshold(x, 0.5, 9)"),
    Edge("selu(x)", [0], [1.0507009873554805], "the slope nearest 0", "F.selu(x)",
         "jax.nn.selu(x)"),
    Edge("prelu(x, [2.0])", [0], [1], "the slope nearest 0", "F.prelu(x, torch.tensor([2.0]))"),
    Edge("sinc(x)", [0], [0], "smooth", "torch.sinc(x)", "jnp.sinc(x)"),
    Edge("l1_loss(x, 0*x, reduction='sum')", [0, 2], [0, 1], FLAT,
         "F.l1_loss(x, 0*x, reduction='sum')"),
    Edge("hinge_embedding_loss(x, [-1])", [1], [0], FLAT,
         "F.hinge_embedding_loss(x, torch.tensor([-1.0]))"),
    Edge("binary_cross_entropy(x, [0, 1], reduction='sum')", [0, 1], [1, -1],
         "that of log1p(-x) and log(x)",
         "F.binary_cross_entropy(x, torch.tensor([0.0, 1.0]), reduction='sum')"),
]  # fmt: skip
