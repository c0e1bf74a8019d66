"""Tests generated from the examples that live with the functions: nothing here names one."""

import pytest
import rowcheck

from gradcli.ops import functions  # noqa: F401  fills the table
from gradcli.ops.binding import SPELLED

FUNCTIONS = list({id(function): function for function in SPELLED.values()}.values())
CALLS = [
    pytest.param(
        rowcheck.Call.example(function.spellings[0], function.example), id=function.spellings[0]
    )
    for function in FUNCTIONS
    if function.example
]


@pytest.mark.parametrize("check", rowcheck.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("call", CALLS)
def test_example(call, check):
    check(call, None)


def test_every_example_calls_its_function():
    for function in FUNCTIONS:
        names = [name.removeprefix("Tensor") for name in function.spellings]
        assert not function.example or any(
            f"{name.rpartition('.')[2]}(" in function.example for name in names
        ), function.spellings
