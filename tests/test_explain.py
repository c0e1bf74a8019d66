"""Explanations: every line of them is checked by hand, from the JSON."""

import ast
import json
import re

import numpy as np
import pytest
import rowcheck
from peers.cases import inputs_of
from test_calls import CALLS, program

import gradcli
from gradcli.errors import GradcliError
from gradcli.explanation.build import explain
from gradcli.explanation.data import explanation_object
from gradcli.explanation.layout import explanation_lines, markdown_text
from gradcli.render.data import json_text
from gradcli.render.layout import Look
from gradcli.session import Program
from gradcli.settings import Settings


def array(value):
    """A tensor of the JSON."""
    words = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}

    def read(item):
        return [read(one) for one in item] if isinstance(item, list) else words.get(item, item)

    found = np.array(read(value))
    return found if found.dtype == bool else found.astype(float)


def near(a, b, what):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * (1 + np.abs(b).max(initial=0)),
                               err_msg=what)  # fmt: skip


def cotangents(passage):
    if "cotangent" in passage:
        return [array(passage["cotangent"])]
    return [None if part is None else array(part) for part in passage["cotangents"]]


def recomputed(passage, sent):
    """A contribution by the chain rule: what arrives, times the local derivative."""
    local = sent.get("local", {})
    arrived = cotangents(passage)
    chosen = array(passage["selected"]) if "selected" in passage else None
    if "factor" in local:
        g, factor = arrived[0], array(local["factor"])
        if chosen is not None:
            g, factor = np.where(chosen, g, 0), np.where(chosen, factor, 0)
        with np.errstate(all="ignore"):
            product = g * factor
        if "product" in sent:
            near(array(sent["product"]), product, "a product before its sum")
            axes = tuple(sent["summed_axes"])
            return product.sum(axes).reshape(array(sent["value"]).shape)
        return product
    total = np.zeros(array(sent["value"]).shape)
    for g, matrix in zip(arrived, local["jacobians"], strict=True):
        if matrix is None:
            continue
        matrix = array(matrix)
        if chosen is not None:
            matrix = np.where(chosen.reshape(chosen.shape + (1,) * total.ndim), matrix, 0)
        total = total + np.tensordot(g, matrix, g.ndim)
    return total


def check(found, result):
    """Every number of an explanation, backward; how many contributions were recomputed."""
    counted = [0, 0]
    outputs = found.get("outputs", [found])
    for output, expected in zip(outputs, result.outputs, strict=True):
        sent_by = {}
        for passage in output["backward"]:
            for sent in passage["contributions"]:
                sent_by.setdefault((passage["step"], sent["operand"]), []).append(sent["value"])
                counted[0] += 1
                if {"factor", "jacobians"} & set(sent.get("local", {})):
                    near(array(sent["value"]), recomputed(passage, sent), sent.get("formula", ""))
                    counted[1] += 1
                elif "output" in sent:
                    # One output of several: its cotangent goes there as it is.
                    assert sent["value"] == passage["cotangent"]
                    counted[1] += 1
        for passage in output["backward"]:
            if "parts" in passage:
                added_up(passage["step"], passage["parts"], passage["cotangent"], sent_by)
        for total in output["sums"]:
            added_up(total["input"], total["parts"], total["total"], sent_by)
        for name, gradient in expected.grad.items():
            shown = np.asarray(array(output["grad"][name]), gradient.dtype)
            assert shown.tobytes() == gradient.tobytes(), "not the gradient to the bit"
    return counted


def added_up(of, parts, total, sent_by):
    near(array(total), sum(array(part["value"]) for part in parts), "a sum of contributions")
    for part in parts:
        if part["from"] != "seed":
            assert part["value"] in sent_by[part["from"], of], "a contribution that nobody sent"


def explained(source, inputs, **options):
    run = Program(source).trace(inputs)
    found = explain(run, **options)
    return json.loads(json_text(explanation_object(found, source))), found


def examples():
    """The examples of the functions of the language, their operands as inputs."""
    for function in rowcheck.calls():
        case = rowcheck.Call(function, function.example)
        yield ast.unparse(case.tree), dict(zip(case.names(), case.arrays, strict=True))


def test_every_line_of_every_function():
    """Examples of all functions, and the calls that are compared with other libraries."""
    many = list(examples())
    many += [(program(expr), inputs_of(expr)) for expr in list(CALLS)[::4]]
    total = recounted = 0
    for source, inputs in many:
        try:
            found, _ = explained(source, inputs, seed="ones")
        except GradcliError:
            with pytest.raises(GradcliError):
                gradcli.evaluate(source, inputs, seed="ones")
            continue
        try:
            counts = check(found, gradcli.evaluate(source, inputs, seed="ones"))
        except AssertionError as error:
            raise AssertionError(f"{source}: {error}") from None
        total += counts[0]
        recounted += counts[1]
    assert total > 1500
    assert recounted > 0.95 * total


def formulas(found, inputs):
    """Each formula of an explanation with the values of its names, and what it gives."""
    values = {f"s{step['step']}": step.get("value") for step in found["forward"]}
    named = {step["name"]: step["value"] for step in found["forward"] if "name" in step}
    values = {
        name: array(value) for name, value in {**values, **named}.items() if value is not None
    }
    for passage in found["backward"]:
        if "selected" in passage or "cotangent" not in passage:
            continue
        for sent in passage["contributions"]:
            for key, result in (("formula", sent.get("value")), ("local", None)):
                text = sent.get("formula", "")
                if key == "local":
                    text = sent.get("local", {}).get("formula", "")
                    result = sent.get("local", {}).get("factor")
                if not text or np.isnan(array(result)).any() or array(result).dtype == bool:
                    continue
                text = re.sub(r"(?<![\w\])])\[([1-9]\d*)\]", r"s\1", text)
                held = {**values, **inputs, "g": array(passage["cotangent"])}
                yield text, held, array(result)


def test_formulas_mean_what_is_sent():
    """The formulas, run as programs, give the numbers beside them."""
    tried = 0
    for source, inputs in list(examples())[::4]:
        try:
            found, _ = explained(source, inputs, seed="ones")
        except GradcliError:
            continue
        if "outputs" in found:
            continue
        for text, held, expected in formulas(found, inputs):
            reads = Program(text).reads
            if Program(text).missing(held) or "[[" in text:
                # A name within a lambda; a list that looks like a step.
                continue
            run = Program(text).trace({name: held[name] for name in reads if name in held})
            (output,) = run.evaluate(grad=False).outputs
            given = np.broadcast_to(output.value, expected.shape)
            near(given, expected, f"{source}: {text}")
            tried += 1
    assert tried > 400


def check_along(found, result):
    """Every number of an explanation of forward mode."""
    tangents = {name: array(value) for name, value in found["tangents"].items()}
    for output, expected in zip(found.get("outputs", [found]), result.outputs, strict=True):
        for passage in output["steps"]:
            if "tangents" in passage:
                tangents[passage["step"]] = None
                continue
            total = array(passage["tangent"])
            tangents[passage["step"]] = total
            near(total, sum(array(sent["value"]) for sent in passage["contributions"]), "a sum")
            for sent in passage["contributions"]:
                local, moved = sent.get("local", {}), tangents[sent["operand"]]
                if "factor" in local:
                    with np.errstate(all="ignore"):
                        near(array(sent["value"]), array(local["factor"]) * moved, "a factor")
                elif local.get("jacobians", [None])[0] is not None and moved is not None:
                    matrix = array(local["jacobians"][0])
                    near(
                        array(sent["value"]), np.tensordot(matrix, moved, moved.ndim), "a Jacobian"
                    )
        assert array(output["tangent"]).tobytes() == expected.tangent.astype(float).tobytes()


def test_every_line_along():
    """The same functions in forward mode."""
    for source, inputs in list(examples())[::3]:
        if not inputs:
            continue
        tangents = {name: np.cos(np.arange(value.size)).reshape(value.shape)
                    for name, value in inputs.items()}  # fmt: skip
        try:
            expected = Program(source).trace(inputs).jvp(tangents)
            found, _ = explained(source, inputs, tangents=tangents)
            check_along(found, expected)
        except GradcliError:
            continue
        except AssertionError as error:
            raise AssertionError(f"{source}: {error}") from None


def test_along_a_path_with_infinite_slopes():
    found, whole = explained("sqrt(x)[0]*2", {"x": [1, 0]}, tangents={"x": [1, 0]})
    assert found["tangent"] == 1
    found, whole = explained("sum(sqrt(x))", {"x": [1, 0]}, tangents={"x": [1, 0]})
    assert found["tangent"] == 0.5
    assert "strictly" in whole.notes[-1]


PROGRAMS = [
    ("x - sum(x)", {"x": [1, 2, 3]}),
    ("sum(where(x > 0, sqrt(x), 0*x)) + max(x)*mean(relu(x))", {"x": [-1, 0, 4]}),
    ("u = detach(x*x); sum(u*x)", {"x": [0, 1, 2, 3]}),
    ("s = 0\nfor i in range(4):\n  s = s + x[i]*x[i]*s + x[i]\ns", {"x": [1, 2, 0.5, 3]}),
    ("def f(a, b):\n  h = tanh(a @ b)\n  return h * b\nf(W, f(W, x))",
     {"W": [[1, 2], [3, 0.4]], "x": [0.1, 0.2]}),
    ("if sum(x) > 3:\n  y = x**2\nelse:\n  y = x**3\nsum(y)", {"x": [1, 2, 3]}),
    ("(x @ x, x * y)", {"x": [1, 2], "y": 3}),
    ("grad(sum(x**3), x) * x", {"x": [1, 2]}),
    ("x", {"x": [1, 2]}),
    ("x * 0 + 1/y", {"x": [1, 2], "y": 0}),
    ("sqrt(x)[0] + abs(x)[1]", {"x": [1, 0]}),
    ("q, r = qr(A); sum(r) + x*0", {"A": [[1, 2], [3, 4.5]], "x": 2}),
    ("y = zeros(3); y[0] = x; y[1] = y[0]*x; sum(y*y)", {"x": 2}),
    ("maximum(x, y) * minimum(x, 2)", {"x": [1, 2, 3], "y": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "inputs"), PROGRAMS)
def test_every_line_of_a_program(source, inputs):
    found, whole = explained(source, inputs, seed="ones")
    check(found, gradcli.evaluate(source, inputs, seed="ones"))
    for width in (1, 40, 80, 160):
        for line in explanation_lines(whole, Look(width, None)):
            assert "".join([text for text, _ in line]).isprintable()
    assert markdown_text(whole, Look(None, None)).startswith("## Forward\n")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_kinks_and_nothing_else(dtype):
    """Each kink with what is used there; smooth functions have none, at 0 neither."""
    settings = Settings(dtype=dtype)

    def kinks(source, x):
        run = Program(source, settings=settings).trace({"x": x})
        passages = explain(run, "ones").outputs[0].passages
        return [(kink.places, kink.used) for one in passages for kink in one.kinks]

    assert kinks("relu(x)", [-1, 0, 2]) == [([(1,)], 0)]
    assert kinks("abs(x)", [0, 3]) == [([(0,)], 0)]
    assert kinks("maximum(x, 2)", [2, 3]) == [([(0,)], 0.5)]
    assert kinks("sqrt(x)", [0, 4]) == [([(0,)], np.inf)]
    assert kinks("max(x)", [1, 3, 3]) == [([(1,)], 0.5), ([(2,)], 0.5)]
    assert sorted(kinks("linalg.norm(x)", [0, 0])) == [([(0,)], 0), ([(1,)], 0)]
    assert kinks("relu(x)*where(x > 0, 1, 0)", [0, 1]) == [([(0,)], 0)]
    for smooth in ("x**2", "x**3", "x*abs(x)", "max(x)", "linalg.norm(x)", "sin(x)", "relu(x + 1)"):
        assert kinks(smooth, [0.0, 0.5] if "abs" not in smooth else [0.25, 0.5]) == [], smooth


def test_large_arrays_have_the_same_result():
    """Where arrays are large, the engine runs steps together: steps one by one round otherwise."""
    x = np.random.default_rng(0).normal(size=70001)
    source, inputs = "sum((x - mean(x))**2)/sum(x*x)*y", {"x": x, "y": 2.5}
    found, whole = explained(source, inputs)
    check(found, gradcli.evaluate(source, inputs))
    text = ["".join([piece for piece, _ in line]) for line in
            explanation_lines(whole, Look(None, None))]  # fmt: skip
    assert max(map(len, text)) <= 100, "long arrays are elided"


def test_signs_that_a_stream_lacks_are_not_used():
    _, whole = explained("sum(x*x)", {"x": np.linspace(0, 1, 100)})
    for line in explanation_lines(whole, Look(80, None, ascii_only=True)):
        assert "".join([text for text, _ in line]).isascii()


def test_the_strict_way_back():
    """An infinite slope meets zeros that are structural: the masks keep them apart."""
    source, inputs = "sum(sqrt(x)[0:2] * [1.0, 1.0])", {"x": [1, 4, 0]}
    found, _ = explained(source, inputs)
    check(found, gradcli.evaluate(source, inputs))
    assert found["grad"]["x"] == [0.5, 0.25, 0]
