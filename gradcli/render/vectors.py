"""Reference vectors as JSON lines, and as a test for pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.render.data import SCHEMA, SPELLED, json_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.trust.vectors import Vector

    Array = np.ndarray[Any, Any]


def numbers(array: Array) -> dict[str, Any]:
    """An array as its shape and its elements in row-major order, decimal and hexadecimal."""
    array = np.asarray(array)
    flat = array.ravel().tolist()
    if array.dtype.kind != "f":
        return {"shape": list(array.shape), "decimal": flat}
    decimal = [SPELLED.get(str(value), value) for value in flat]
    return {"shape": list(array.shape), "decimal": decimal, "hex": [x.hex() for x in flat]}


def vector_object(vector: Vector, number: int, random_seed: int) -> dict[str, Any]:
    """The JSON object of a vector."""

    def named(parts: dict[str, Array]) -> dict[str, Any]:
        return {name: numbers(array) for name, array in parts.items()}

    return {
        "schema": SCHEMA,
        "id": f"{vector.name}/{vector.region}/{number}",
        "expr": vector.expr,
        "spellings": list(vector.spellings),
        "region": vector.region,
        "convention": vector.convention,
        "random_seed": random_seed,
        "inputs": named(vector.inputs),
        "value": numbers(vector.value),
        "seed": numbers(vector.seed),
        "vjp": named(vector.vjp),
        "tangents": named(vector.tangents),
        "jvp": numbers(vector.jvp),
        "digits": vector.digits,
    }


def vector_lines(vectors: Iterable[Vector], random_seed: int) -> Iterable[str]:
    """A line of JSON for each vector."""
    counts: dict[tuple[str, str], int] = {}
    for vector in vectors:
        key = (vector.name, vector.region)
        number = counts[key] = counts.get(key, -1) + 1
        yield json_text(vector_object(vector, number, random_seed))


PYTEST = '''\
"""Reference vectors made by gradcli (random seed {seed}): values, VJPs and JVPs.

Let `value_vjp_jvp` call the library that is to be tested. Where `convention` is true the derivative
is a choice at a kink, which others may have made otherwise.
"""

import json
import math

import pytest

RTOL, ATOL = 1e-9, 1e-12


def value_vjp_jvp(expr, inputs, seed, tangents):
    """Value, gradients by name and directional derivative of `expr`, as nested lists.

    Calls gradcli itself, until another library stands here.
    """
    import gradcli

    program = gradcli.compile(expr)
    found = program.evaluate(inputs, seed=seed)
    pushed = program.jvp(inputs, tangents=tangents).tangent
    grads = {{name: array.tolist() for name, array in found.grad.items()}}
    return found.value.tolist(), grads, pushed.tolist()


def nested(array):
    """Nested lists of an array's elements, exact where they are written in hexadecimal."""
    flat = [float.fromhex(x) for x in array["hex"]] if "hex" in array else array["decimal"]
    for extent in reversed(array["shape"][1:]):
        flat = [flat[k : k + extent] for k in range(0, len(flat), extent)]
    return flat if array["shape"] else flat[0]


def flat(value):
    if not isinstance(value, list):
        return [value]
    return [number for part in value for number in flat(part)]


def assert_close(found, expected, what):
    found, expected = flat(found), flat(nested(expected))
    assert len(found) == len(expected), what
    for a, b in zip(found, expected):
        same = a == b or math.isclose(a, b, rel_tol=RTOL, abs_tol=ATOL)
        assert same or (math.isnan(a) and math.isnan(b)), f"{{what}}: {{a!r}}, not {{b!r}}"


VECTORS = """
{lines}
"""


LINES = VECTORS.split("\\n")[1:-1]


@pytest.mark.parametrize("line", LINES, ids=[json.loads(line)["id"] for line in LINES])
def test_vector(line):
    vector = json.loads(line)
    inputs = {{name: nested(array) for name, array in vector["inputs"].items()}}
    tangents = {{name: nested(array) for name, array in vector["tangents"].items()}}
    value, vjp, jvp = value_vjp_jvp(vector["expr"], inputs, nested(vector["seed"]), tangents)
    assert_close(value, vector["value"], "value")
    for name, expected in vector["vjp"].items():
        assert_close(vjp[name], expected, f"gradient by {{name}}")
    assert_close(jvp, vector["jvp"], "directional derivative")
'''


def pytest_text(lines: Iterable[str], random_seed: int) -> str:
    """The vectors as a file that pytest runs."""
    written = "\n".join(line.replace("\\", "\\\\") for line in lines)
    return PYTEST.format(seed=random_seed, lines=written)
