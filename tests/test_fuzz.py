"""A short run of the fuzzer: no input is worse than an error."""

import random

import pytest
from fuzz import answered, one


@pytest.mark.parametrize("seed", range(8))
def test_every_input_is_answered(seed):
    choice = random.Random(seed)
    for _ in range(60):
        answered(one(choice))
