"""Generated programs give what Python and NumPy give: python tests/test_generated.py COUNT SEED."""

import builtins
import contextlib
import io
import random
import sys
import warnings

import numpy as np
import pytest
from expressions import INPUTS
from programs import program, script

import gradcli
from gradcli.errors import GradcliError
from gradcli.settings import Settings
from gradcli.snippets.script import run_script

ACCEPTED = ["this would write into a copy", "is not a real number"]
"""What is an error here: Python writes to what nobody sees, and leaves the real numbers."""


def pythons(source):
    """What Python prints; None where it fails, and for numbers beyond its range, here infinite."""
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(source, "script", "exec"), {"__name__": "__main__"})
    except OverflowError:
        return ACCEPTED[0]
    except Exception:
        return None
    return out.getvalue()


def ours(source):
    """What a script prints; None where it fails."""
    out = []
    try:
        run_script(source, None, Settings(), out.append)
    except GradcliError as error:
        return str(error) if any(text in str(error) for text in ACCEPTED) else None
    return "".join(out)


def difference(seed):
    """A script that prints something else than under Python; None where it does not."""
    source = script(random.Random(seed), 6 + seed % 10)
    expected, found = pythons(source), ours(source)
    accepted = any(text in (found or "") for text in ACCEPTED) or expected == ACCEPTED[0]
    return None if accepted or expected == found else (source, expected, found)


@pytest.mark.parametrize("seed", range(60))
def test_scripts_print_what_python_prints(seed):
    assert difference(seed) is None


def value_difference(seed):
    """A program whose outputs are not NumPy's; None where they are."""
    source = "x, m, s\n" + program(random.Random(seed), 6 + seed % 10)
    head, _, last = source.rstrip("\n").rpartition("\n")
    names = {name: found for name, found in vars(np).items() if name not in vars(builtins)}
    names |= {name: vars(np)[name] for name in ("sum", "abs", "min", "max", "any", "all")}
    names |= {"np": np}
    names |= {name: value.copy() if value.ndim else value[()] for name, value in INPUTS.items()}
    expected = found = None
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
            exec(compile(head, "program", "exec"), names)
            expected = [np.asarray(value, float) for value in eval(last, names)]
    try:
        result = gradcli.evaluate(source, dict(INPUTS), grad=False)
        found = [np.asarray(output.value) for output in result.outputs]
    except GradcliError as error:
        if any(text in str(error) for text in ACCEPTED):
            return None
        found = error
    if isinstance(found, list) and expected is not None:
        pairs = zip(found, expected, strict=True)
        if all(a.shape == b.shape and np.allclose(a, b, 1e-12, 0, True) for a, b in pairs):
            return None
    elif expected is None and not isinstance(found, list):
        return None
    return source, expected, found


@pytest.mark.parametrize("seed", range(40))
def test_programs_give_what_numpy_gives(seed):
    assert value_difference(seed) is None


if __name__ == "__main__":
    count, first = int(sys.argv[1]), int(sys.argv[2])
    differing = 0
    for number in range(first, first + count):
        for found in (difference(number), value_difference(number)):
            if found is not None:
                differing += 1
                print(f"--- {number}", *found, sep="\n", flush=True)
    print(f"{count} scripts and programs, {differing} differ")
