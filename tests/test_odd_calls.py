"""Whatever a function is called with, what comes of it is a result or an error message."""

import random

import numpy as np
import pytest
import rowcheck

import gradcli
from gradcli.errors import GradcliError
from gradcli.language.names import free_names
from gradcli.language.parser import parse
from gradcli.ops.binding import SPELLED, load_all

load_all()
INPUTS = {
    "x": 0.7,
    "v": [0.3, -1.2, 2.0],
    "m": [[0.5, 0.2, 1.0], [1.5, -0.3, 0.1]],
    "t": np.ones((2, 3, 2)),
    "e": np.zeros((0,)),
    "z": np.zeros((2, 0)),
    "b": [True, False, True],
}
ODD = [
    *INPUTS, "None", "'a'", "True", "(0, 1)", "(1, 5)", "10**30", "-1", "0", "1", "2", "nan", "inf",
    "[]", "[1, 2]", "()", "-1.5", "[[1.0]]", "0.5", "1e308", "x > 0", "{'a': 1}", "len",
]  # fmt: skip


def odd_call(found, chance):
    """A call with arguments drawn from ODD, the first of them a tensor as a rule."""
    has = found.parameters()
    needed = len(has.positional) - len(has.defaults)
    count = chance.randint(needed, len(has.positional) + (2 if has.rest else 0))
    arguments = [chance.choice(ODD) for _ in range(count)]
    if arguments and chance.random() < 0.7:
        arguments[0] = chance.choice("xvmtez")
    named = [name for name in [*has.positional[count:], *has.named] if chance.random() < 0.25]
    arguments += [f"{name}={chance.choice(ODD)}" for name in named]
    return f"{found.spellings[0]}({', '.join(arguments)})"


FUNCTIONS = [
    found
    for found in dict.fromkeys(SPELLED.values())
    if not found.spellings[0].startswith("Tensor.")
    and (found.row is not None or found.example)
]  # fmt: skip


@pytest.mark.parametrize("found", FUNCTIONS, ids=lambda found: found.spellings[0])
def test_no_call_is_worse_than_an_error(found):
    chance = random.Random(found.spellings[0])
    for _ in range(8):
        call = odd_call(found, chance)
        given = {name: INPUTS[name] for name in free_names(parse(call)) if name in INPUTS}
        try:
            result = gradcli.evaluate(call, given, seed="ones", max_memory=10**8)
        except GradcliError:
            continue
        for output in result.outputs:
            for name, part in output.grad.items():
                assert part.shape == np.shape(INPUTS[name]), call


def test_calls_are_of_every_function():
    methods = {found for found in SPELLED.values() if found.spellings[0].startswith("Tensor.")}
    assert {found for found in rowcheck.calls() if found.example} - methods <= set(FUNCTIONS)
