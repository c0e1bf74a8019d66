"""Inputs of the cases: arrays of a shape, in the domain that a letter stands for."""

import itertools

import numpy as np

_serial = itertools.count()


def _draw(low, high, shape):
    random = np.random.default_rng(next(_serial))
    return np.asarray(np.round(random.uniform(low, high, shape), 3))


def r(*shape):
    """Real numbers of both signs."""
    return _draw(-2, 2, shape)


def p(*shape):
    """Positive numbers."""
    return _draw(0.3, 2.5, shape)


def u(*shape):
    """Between 0 and 1."""
    return _draw(0.05, 0.95, shape)


def s(*shape):
    """Between -1 and 1."""
    return _draw(-0.9, 0.9, shape)


def g(*shape):
    """Above 1."""
    return _draw(1.1, 3, shape)


def q(*shape):
    """Above -1, to take 1 + x of."""
    return _draw(-0.8, 2, shape)


def nan(*shape):
    """Real numbers with a few NaN."""
    array = np.asarray(r(*shape))
    array[np.random.default_rng(next(_serial)).uniform(size=shape) < 0.25] = np.nan
    return array


def b(*shape):
    """Booleans."""
    return np.random.default_rng(next(_serial)).uniform(size=shape) < 0.6


def k(high, *shape):
    """Whole numbers from 0 to high - 1."""
    return np.random.default_rng(next(_serial)).integers(0, high, shape)


def sign(*shape):
    """1 and -1, as whole numbers."""
    return 2 * k(2, *shape) - 1


SHAPES = ((), (4,), (2, 3))
PAIRS = (((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)))


def one(libraries, name, domain, rest=""):
    """Calls of a function of one argument over several shapes, in each library."""
    return [
        (f"{library}.{name}(x{rest})", {"x": domain(*shape)})
        for library in libraries.split()
        for shape in SHAPES
    ]


def two(libraries, name, first, second, rest=""):
    """Calls of a function of two arguments over shapes that broadcast, in each library."""
    return [
        (f"{library}.{name}(x, y{rest})", {"x": first(*a), "y": second(*b_)})
        for library in libraries.split()
        for a, b_ in PAIRS
    ]
