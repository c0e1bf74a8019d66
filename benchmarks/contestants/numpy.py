"""NumPy by hand: formulas of the derivatives as people write them, where speed matters in tiles."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import work

START = [sys.executable, "-c", "import numpy as np; x = np.array([3., 4, 10]); print(2*x)"]
TILE = 1 << 14


def chain(size):
    """Tiles in cache over two threads, buffers used again."""
    x = work.normal(size)
    starts = range(0, size, TILE)

    def run():
        out, parts = np.empty_like(x), np.empty(len(starts))

        def tiles(first, step):
            buffers = [np.empty(TILE) for _ in range(4)]
            for number in range(first, len(starts), step):
                piece = x[starts[number] : starts[number] + TILE]
                g = out[starts[number] : starts[number] + TILE]
                e, s, h, w = [buffer[: len(piece)] for buffer in buffers]
                np.square(piece, out=e)
                np.negative(e, out=e)
                np.exp(e, out=e)
                np.sin(piece, out=s)
                np.tanh(piece, out=h)
                np.multiply(s, e, out=w)
                np.add(w, h, out=g)
                parts[number] = np.add.reduce(g)
                np.multiply(w, piece, out=w)
                np.multiply(w, -2.0, out=w)
                np.cos(piece, out=g)
                np.multiply(g, e, out=g)
                np.add(g, w, out=g)
                np.square(h, out=h)
                np.subtract(1.0, h, out=h)
                np.add(g, h, out=g)

        if len(starts) < 3:
            tiles(0, 1)
        else:
            with ThreadPoolExecutor(1) as pool:
                other = pool.submit(tiles, 1, 2)
                tiles(0, 2)
                other.result()
        return parts.sum(), out

    return run


def mlp():
    d = work.mlp()
    rows = np.arange(len(d["X"]))

    def run():
        h = np.tanh(d["X"] @ d["W1"] + d["b1"])
        z = h @ d["W2"] + d["b2"]
        z -= z.max(1, keepdims=True)
        p = np.exp(z)
        total = p.sum(1, keepdims=True)
        loss = (np.log(total[:, 0]) - z[rows, d["y"]]).mean()
        p /= total
        p[rows, d["y"]] -= 1
        p /= len(rows)
        back = (p @ d["W2"].T) * (1 - h * h)
        return loss, d["X"].T @ back, back.sum(0), h.T @ p, p.sum(0)

    return run


def logistic():
    d = work.logistic()

    def run():
        margin = -d["y"] * (d["X"] @ d["w"])
        loss = np.logaddexp(margin, 0).mean() + 0.01 * (d["w"] ** 2).sum()
        slope = -d["y"] / (1 + np.exp(-margin)) / len(margin)
        return loss, slope @ d["X"] + 0.02 * d["w"]

    return run


def recurrence():
    def run():
        y, slope = 0.5, 1.0
        for _ in range(10_000):
            slope *= np.cos(y) * 1.01
            y = np.sin(y) * 1.01
        return y, slope

    return run


def dense_jacobian():
    x = work.normal(1001)

    def run():
        y = np.exp(x - x.sum() / 1001)
        return np.diag(y) - y[:, None] / 1001

    return run


def diagonal_jacobian():
    x = work.normal(1001)
    return lambda: np.diag(np.cos(x))


def hessian():
    x = work.normal(1000) / 4

    def run():
        a, b = x[:-1], x[1:]
        main = np.zeros(len(x))
        main[:-1] = 1200 * a * a - 400 * b + 2
        main[1:] += 200
        return np.diag(main) + np.diag(-400 * a, 1) + np.diag(-400 * a, -1)

    return run
