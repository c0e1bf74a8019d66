"""The work that all contestants do: data, from the same seeds."""

import numpy as np

CHAIN = "sum(sin(x)*exp(-x**2)+tanh(x))"
MLP = "cross_entropy(tanh(X@W1 + b1)@W2 + b2, y)"
LOGISTIC = "mean(softplus(-y*(X@w))) + 0.01*sum(w**2)"
RECURRENCE = "for i in range(10000):\n    y = sin(y)*1.01\ny"
STENCIL = "roll(x, 1) - 2*x + roll(x, -1) + 0.1*x**3"
ROSENBROCK = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
SIZES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]


def normal(*shape, seed=0):
    """Standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


def mlp():
    """1797 pictures of 8 x 8 points, 256 hidden units, 10 classes."""
    return {
        "X": normal(1797, 64),
        "W1": normal(64, 256, seed=1) / 8,
        "b1": np.zeros(256),
        "W2": normal(256, 10, seed=2) / 16,
        "b2": np.zeros(10),
        "y": np.random.default_rng(3).integers(0, 10, 1797),
    }


def logistic():
    """100,000 points with 50 features, labels -1 and 1."""
    return {
        "X": normal(100_000, 50),
        "y": np.sign(normal(100_000, seed=1)),
        "w": normal(50, seed=2) / 7,
    }
