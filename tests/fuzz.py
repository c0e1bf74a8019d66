"""Feeds the language text that nobody would write: python tests/fuzz.py [count] [seed].

Mutated programs, soups of its tokens, and bytes. Every input must be answered by a value or by a
GradcliError, within a time that the limits bound; what is not is printed, and the status is 1.
"""

import contextlib
import random
import signal
import sys

import gradcli
from gradcli.errors import GradcliError
from gradcli.settings import Settings
from gradcli.snippets.script import run_script

WORDS = (
    "def f ( a , b = 2 ) : return lambda x y if else elif while for in range break continue pass "
    "assert import torch as np from jax with no_grad . grad backward del not and or is None True "
    "[ ] { } : , . ... = == += -= **= < >= + - * / // % ** @ & | ^ ~ 0 1 2.5 1e400 10**10 'a' "
    "f'{x:.2f}' f'{x!r}' \"\"\" # ; \\ sum sin exp x.T x[0] x[:, None] zeros ones(3) randn append "
    "__import__ __class__ open eval getattr exec globals x.__class__ '{0.__class__}'.format "
    "detach jacobian hessian derivative stack concatenate reshape einsum 'ij,jk->ik' sort where "
    "enumerate zip len max min print lst.append(x) y[i] d['k'] 10**18 x.grad requires_grad=True"
)
TOKENS = WORDS.split()
SEEDS = [
    "y = x*1\nfor i in range(3):\n    y[i] = y[i-1]*2 + x[i]\nsum(y)",
    "def f(a, k=2):\n    b = a*k\n    while sum(b) < 9:\n        b = b*2\n    return b\nf(x)",
    "import torch\nw = torch.ones(3, requires_grad=True)\n(w*w).sum().backward()\nprint(w.grad)",
    "s = 0.\nfor a, b in zip(x, x[::-1]):\n    s += a*b if a > b else a\ns",
    "grad(grad(lambda z: sum(z**3)))(x[0])",
    "d = {k: [k*v for v in x] for k in range(3)}\nsum(d[1])",
    "f'{sum(x):>{10}.3f}'\nlogsumexp(x) + norm(x) + det(outer(x, x) + eye(3))",
]
LIMITS = {
    "max_iterations": 500, "max_memory": 10**7, "max_nodes": 5000, "max_depth": 30,
    "max_source": 20_000,
}  # fmt: skip
SECONDS = 5


def soup(choice):
    """Tokens in any order, with breaks of lines and indentation."""
    parts = []
    for _ in range(choice.randint(1, 25)):
        parts.append(choice.choice(TOKENS))
        parts.append(choice.choice([" ", " ", " ", "", "\n", "\n    ", "("]))
    return "".join(parts)


def mutated(choice):
    """A program with pieces cut, doubled, swapped or replaced."""
    text = choice.choice(SEEDS)
    for _ in range(choice.randint(1, 4)):
        at, to = sorted(choice.randrange(len(text) + 1) for _ in range(2))
        to = min(to, at + 12)
        piece = choice.choice(
            ["", text[at:to] * 2, choice.choice(TOKENS), chr(choice.randrange(1, 0x2FFF))]
        )
        text = text[:at] + piece + text[to:]
    return text


def noise(choice):
    """Bytes, as text."""
    return bytes(choice.randrange(256) for _ in range(choice.randint(1, 60))).decode("latin-1")


def one(choice):
    """One input."""
    return choice.choices([soup, mutated, noise], [5, 5, 1])[0](choice)


def answered(source):
    """Evaluate it, and run it as a script; raises what is no GradcliError."""
    with contextlib.suppress(GradcliError):
        gradcli.evaluate(source, {"x": [1.0, 2.0, 4.0]}, seed="ones", random_seed=1, **LIMITS)
    with contextlib.suppress(GradcliError):
        run_script(source, None, Settings(random_seed=1, **LIMITS), lambda text: None)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    choice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    failures = 0
    for place in range(count):
        source = one(choice)
        signal.alarm(SECONDS)
        try:
            answered(source)
        except BaseException as error:
            failures += 1
            print(f"{place}: {type(error).__name__}: {error}: {source!r}")
            if isinstance(error, KeyboardInterrupt):
                break
        signal.alarm(0)
    print(f"{count} inputs, {failures} failures")
    return failures > 0


class TookTooLongError(Exception):
    pass


def _alarm(number, frame):
    raise TookTooLongError


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, _alarm)
    sys.exit(main())
