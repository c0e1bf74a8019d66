"""The derivative of every function as a formula: read back, and as code, it is the engine's."""

import warnings

import numpy as np
import pytest

import gradcli
from gradcli.catalogue import entries
from gradcli.session import Program

CALLS = [
    (entry.example.expr, entry.example.inputs)
    for entry in entries()
    if entry.example is not None and entry.example.inputs
]


def exact(source, inputs):
    """The engine's result, or None where a formula is not to be compared with it."""
    found = gradcli.evaluate(source, inputs, seed="ones", random_seed=0)
    return found if len(found.outputs) == 1 and found.grad else None


def arrays_of(inputs):
    return {name: np.array(value, float) for name, value in inputs.items()}


def holds(result, known):
    """Whether the inputs are where the formula is valid: many examples have ties and kinks."""
    for text in result.conditions:
        condition = text.partition("where ")[2]
        if condition:
            reads = Program(condition).reads
            given = {name: known[name] for name in reads if name in known}
            if not np.all(gradcli.evaluate(condition, given, grad=False).value):
                return False
    return True


def check_text(source, inputs):
    inputs = arrays_of(inputs)
    want = exact(source, inputs)
    result = gradcli.derive(source, inputs, random_seed=0)
    if want is None or len(result.outputs) != 1 or "random draw" in " ".join(result.notes):
        return
    known = {**inputs, **{name: np.ones(np.shape(want.value)) for name in result.seeds}}
    if not holds(result, known):
        return
    for name, text in result.grad.items():
        reads = Program(text).reads
        given = {key: value for key, value in known.items() if key in reads}
        found = gradcli.evaluate(text, given, grad=False).value
        assert np.shape(found) == np.shape(want.grad[name]), text
        np.testing.assert_allclose(found, want.grad[name], rtol=1e-7, atol=1e-9, err_msg=text)


def check_code(source, inputs):
    inputs = arrays_of(inputs)
    want = exact(source, inputs)
    if want is None:
        return
    try:
        result = gradcli.derive(source, inputs, style="numpy", random_seed=0)
    except gradcli.GradcliError as error:
        refused = "has no function for" in error.message or "value of" in error.message
        if not refused:
            raise
        return
    names = {}
    exec(result.code, names)
    given = {name: inputs[name] for name in result.shapes if name in inputs}
    given |= {name: np.ones(np.shape(want.value)) for name in result.seeds}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value, found = names["value_and_grad"](**given)
    np.testing.assert_allclose(value, want.value, rtol=1e-9, atol=1e-12)
    parts = found if isinstance(found, tuple) else (found,)
    for name, part in zip(result.grad, parts, strict=True):
        np.testing.assert_allclose(part, want.grad[name], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("source", "inputs"), CALLS[::5], ids=[call[0] for call in CALLS[::5]])
def test_text_of_functions(source, inputs):
    check_text(source, inputs)


@pytest.mark.parametrize(("source", "inputs"), CALLS[2::7], ids=[call[0] for call in CALLS[2::7]])
def test_code_of_functions(source, inputs):
    check_code(source, inputs)
