"""Jacobians and Hessians by their structure, beside peers: python benchmarks/structure.py [runs].

Each run is paired with one of the peer's, right after the other, and the median of the ratios is
printed: so it holds on a machine whose speed drifts. Calls of ours and of CasADi's build, trace and
colour anew. PyTorch, JAX and CasADi take part where they are installed.
"""

import importlib
import statistics
import sys
import time

import numpy as np

import gradcli

STENCIL = "roll(u, 1) - 2*u + roll(u, -1) + u**3"
CHAIN = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median(work, runs):
    work()
    return statistics.median([seconds(work) for _ in range(runs)])


def ratio(ours, theirs, runs):
    ours()
    theirs()
    return statistics.median([seconds(ours) / seconds(theirs) for _ in range(runs)])


def installed(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def dense_peers(x):
    jax = installed("jax")
    if jax is not None:
        jax.config.update("jax_enable_x64", True)
        for mode in ("jacfwd", "jacrev"):
            plain = getattr(jax, mode)(jax.numpy.sin)
            yield f"JAX {mode}", lambda f=plain: f(x).block_until_ready()
            compiled = jax.jit(plain)
            yield f"JAX {mode}, compiled before", lambda f=compiled: f(x).block_until_ready()
    torch = installed("torch")
    if torch is not None:
        point = torch.tensor(x)
        yield (
            "PyTorch jacobian, vectorized",
            lambda: torch.autograd.functional.jacobian(torch.sin, point, vectorize=True),
        )


def casadi_stencil(casadi, u):
    x = casadi.MX.sym("u", len(u))
    left, right = casadi.vertcat(x[-1], x[:-1]), casadi.vertcat(x[1:], x[0])
    y = left - 2 * x + right + x**3
    return casadi.Function("f", [x], [y, casadi.jacobian(y, x)])(u)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    x = np.linspace(0, 1, 1001)
    compiled = gradcli.compile("sin(x)")
    ways = {
        "text to Jacobian": lambda: gradcli.jacobian("sin(x)", {"x": x}),
        "run again": lambda: compiled.jacobian({"x": x}),
    }
    print("Dense Jacobian of sin(x), n = 1001")
    for way, ours in ways.items():
        print(f"  {way}: {1e3 * median(ours, runs):.2f} ms")
        for name, theirs in dense_peers(x):
            print(f"    {ratio(ours, theirs, runs):.2f} of {name}")

    casadi = installed("casadi")
    print("Sparse Jacobian of a periodic stencil, tracing included")
    before = None
    for size in (10**3, 10**4, 10**5, 10**6):
        u = np.linspace(0, 1, size)
        few = runs if size < 10**5 else max(1, runs // 5)

        def ours(u=u):
            return gradcli.jacobian(STENCIL, {"u": u}, sparse=True)

        taken = median(ours, few)
        growth = "" if before is None else f", {taken / before:.1f} times that of a tenth of it"
        print(f"  n = {size:,}: {1e3 * taken:.1f} ms{growth}")
        before = taken
        if casadi is not None and size < 10**6:
            found = ratio(ours, lambda u=u: casadi_stencil(casadi, u), few)
            print(f"    {found:.2f} of CasADi (MX), build and evaluation")

    point = np.linspace(-1, 1, 10**5)
    taken = median(lambda: gradcli.hessian(CHAIN, {"x": point}, sparse=True), max(1, runs // 5))
    passes = gradcli.hessian(CHAIN, {"x": point}, sparse=True).outputs[0].passes
    print(f"Sparse Hessian of the chained Rosenbrock, n = 100,000: {taken:.2f} s, {passes} passes")


if __name__ == "__main__":
    main()
