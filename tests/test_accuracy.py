"""Values and first derivatives within a few units in the last place, over whole domains."""

import re

import accuracy
import pytest
import rowcheck

from gradcli.ops.elementwise import Elementwise

FEW = 5


@pytest.mark.parametrize("case", accuracy.CASES, ids=lambda case: case[0])
def test_accuracy(case):
    expr, *rest = case
    for what, (plain, backward, where) in accuracy.measure(expr, *rest).items():
        print(f"{expr} {what}: {plain:.3g} ulp, {backward:.3g} beside a last digit of {where}")
        assert backward <= FEW, f"{what} of {expr} at {where}"


# Rows whose values and slopes are choices among numbers, or what rows measured above differentiate
# to, which a wrong digit there would show.
CHOICES = {"clip", "detach", "fmax", "fmin", "finite", "heaviside", "minimum", "relu", "remainder"}
ORDERS = {"ierfcx", "polygamma_difference", "i0e_derivative", "sinc_derivative"}
ORDERS |= {"jv", "yv", "iv", "kv"}


def test_every_row_is_measured():
    words = {word for expr, *_ in accuracy.CASES for word in re.findall(r"\w+", expr)}
    signs = {sign for expr, *_ in accuracy.CASES for sign in re.findall(r"[-+*/]", expr)}
    for op in rowcheck.rows():
        if isinstance(op, Elementwise) and op.differentiable and op.output_kind != "select":
            measured = op.name in words | CHOICES | ORDERS or op.symbol in signs
            assert measured, op.name
