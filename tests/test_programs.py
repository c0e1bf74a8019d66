"""Programs: functions, branches, loops, writing in place; the derivative is that of the path."""

import math

import numpy as np
import pytest

import gradcli
from gradcli.errors import (
    ArgumentError,
    ClaimError,
    GradcliError,
    LimitError,
    NameProblem,
    SyntaxProblem,
)
from gradcli.session import Program

COURSE = """
def f(a):
    b = a * 2
    while norm(b) < 1000:
        b = b * 2
    if sum(b) > 0:
        c = b
    else:
        c = 100 * b
    return c
"""


@pytest.mark.parametrize("a", [0.37, -0.37, 1e-5, -400.0, 1e6])
def test_a_function_with_a_loop_and_a_branch(a):
    result = gradcli.evaluate(COURSE, {"a": a})
    assert result.grad["a"] == result.value / a
    assert [event["kind"] for event in result.control_flow] == ["while", "if"]
    loop, branch = result.control_flow
    assert loop["rounds"] == max(0, math.ceil(math.log2(1000 / abs(2 * a))))
    assert (branch["true"], branch["false"]) == ((1, 0) if a > 0 else (0, 1))


X = [1.0, 2.0, 4.0]
PROGRAMS = [
    # (source, value, gradient by x)
    ("def f(x, k=2):\n    return sum(x**k)", 21, [2, 4, 8]),
    ("def f(x): return sum(x)\nf(x)*f(2*x)", 98, [28, 28, 28]),
    ("def outer(k):\n  def inner(z): return z*k\n  return inner\nsum(outer(3)(x))", 21, [3] * 3),
    ("def fact(n): return 1 if n < 2 else n*fact(n-1)\nsum(x)*fact(4)", 168, [24] * 3),
    ("f = lambda a, b=2: a*b\nsum(f(x)) + sum(f(b=3, a=x))", 35, [5] * 3),
    ("s = 0\nfor v in x: s += v*v\ns", 21, [2, 4, 8]),
    ("s = 0\nfor i, v in enumerate(x): s = s + i*v\ns", 10, [0, 1, 2]),
    ("s = 0\nfor a, b in zip(x, x[::-1]):\n  if a > b: continue\n  s += a*b\ns", 8, [4, 4, 1]),
    ("y = x\nn = 0\nwhile True:\n  y = y*2\n  n += 1\n  if n == 3: break\nsum(y)", 56, [8] * 3),
    ("for i in range(9):\n  if x[i] > 1: break\nelse: i = 0\nx[i]", 2, [0, 1, 0]),
    ("y = zeros(3)\nfor i in range(3): y[i] = x[i]**2\nsum(y)", 21, [2, 4, 8]),
    ("y = zeros(3)\ny[0] = x[0]\nfor i in range(1, 3): y[i] = y[i-1]*x[i]\ny[2]", 8, [8, 4, 2]),
    ("y = x*1\nz = y\ny[0] = 5\nsum(z*x)", 25, [5, 4, 8]),
    ("y = x*1\nz = y[:2]\ny[0] = 5\nsum(z)", 7, [0, 1, 0]),
    ("y = x*1\nz = y[:2]\nz += 1\nsum(y)", 9, [1] * 3),
    ("y = x*1\nz = y.T\ny *= 2\nsum(z)", 14, [2] * 3),
    ("y = x*1\nz = y.reshape(3, 1)\nz[1] = 7*x[0]\nsum(y*y)", 66, [100, 0, 8]),
    ("y = x*1\ny[x > 1] *= 10\nsum(y)", 61, [1, 10, 10]),
    ("y = x*1\ny[[0, 0]] = [x[1], x[2]]\nsum(y)", 10, [0, 1, 2]),
    ("A = zeros((2, 3))\nA[1] = x\nA[0][1] = x[2]\nA[:, 2] += 1\nsum(A*A)", 47, [2, 4, 18]),
    ("y = x*1\ny[-1] += y[0]*y[1]\nsum(y)", 9, [3, 2, 1]),
    ("d = {'a': x, 'b': 2}\nd['b'] += 1\nsum(d['a'])*d['b'] if 'a' in d else 0", 21, [3] * 3),
    ("rows = []\nfor v in x: rows.append(v**2)\nsum(stack(rows))", 21, [2, 4, 8]),
    ("sum([a*b for a in x for b in x if b > a])", 14, [6, 5, 3]),
    ("a, (b, c) = 1, (2, 3)\nsum(x)*(a + b*c)", 49, [7] * 3),
    ("k = None\nif k is None: k = 2\nsum(x)*k", 14, [2] * 3),
    ("import torch\nwith torch.no_grad():\n  u = x*x\nsum(u*x)", 73, [1, 4, 16]),
    ("import torch\n@torch.no_grad()\ndef f(a): return a*a\nsum(f(x)*x)", 73, [1, 4, 16]),
    ("import torch\ny = x.clone()\ny.mul_(2).add_(1)\nsum(y*x)", 49, [5, 9, 17]),
    ("import jax\n@jax.jit\ndef f(a): return a.at[0].set(7)\nsum(f(x))", 13, [0, 1, 1]),
    ("from functools import partial\ndef p(n, z): return z**n\nsum(partial(p, 2)(x))", 21,
     [2, 4, 8]),
    ("def f(v):\n  '''A docstring.'''\n  if v[0] > 0:\n    return sum(v)  # early\n\nf(x)", 7,
     [1] * 3),
    ("def f(v: float, n: int = 2) -> float: return sum(v)*n\nf(x)", 14, [2] * 3),
    ("def f(x): return sum(x)\nif __name__ == '__main__':\n  print(nothing)", 7, [1] * 3),
    ("sum(*[x], **{'axis': 0})", 7, [1] * 3),
]  # fmt: skip


@pytest.mark.parametrize(("source", "value", "grad"), PROGRAMS)
def test_programs(source, value, grad):
    result = gradcli.evaluate(source, {"x": X})
    assert result.value == value
    np.testing.assert_allclose(result.grad["x"], grad, rtol=1e-14)


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        ("y = array([1, 2])\ny[0] = x[0]/3\ny", ArgumentError, "no room"),
        ("y = x*1\ny += ones((2, 3))\ny", GradcliError, "cannot change shape"),
        ("y = x*1\ny[:2] = x\ny", GradcliError, "does not fit"),
        ("y = x*1\ny[x > 1][0] = 3\ny", ArgumentError, "into a copy"),
        ("(1, 2)[0] = 3\nx", ArgumentError, "cannot be changed"),
        ("def f(a): return a\nf(x, 2)", ArgumentError, "takes one argument"),
        ("def f(a): return a\nf(b=x)", ArgumentError, "no argument `b`"),
        ("def f(a):\n  c = c + a\n  return c\nf(x)", NameProblem, "no value yet"),
        ("if x[0] > 5:\n  y = 1\nsum(x)*y", NameProblem, "no value here"),
        ("return 1\nx", SyntaxProblem, "outside a function"),
        ("break\nx", SyntaxProblem, "outside a loop"),
        ("def f(n): return f(n)\nf(1)*x", LimitError, "--max-depth"),
        ("while True: pass\nx", LimitError, "--max-iterations"),
        ("def f(n): return f(n-1) + f(n-1) if n else 0\nf(60)*x", LimitError, "--max-iterations"),
        ("assert sum(x) > 9, f'only {sum(x):.1f}'\nx", ClaimError, "only 7.0"),
        ("def f(x): pass", ArgumentError, "returns nothing"),
        ("x.backward()", NameProblem, "gradcli run"),
        ("import os\nx", NameProblem, "no module"),
        ("import jax.numpy as jnp\ny = x*1\ny[0] = 2\ny", ArgumentError, ".at[i].set"),
    ],
)
def test_what_cannot_be(source, error, said):
    with pytest.raises(error) as caught:
        gradcli.evaluate(source, {"x": X}, seed="ones", max_iterations=10_000)
    assert said in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.span is not None


def test_one_of_several_functions():
    source = "def f(a): return a*a\ndef g(b): return 3*b\nh = lambda c: 4*c"
    for entry, name, grad in (("f", "a", 4), ("g", "b", 3), ("h", "c", 4)):
        program = Program(source, entry=entry)
        assert program.missing([]) == [name]
        assert program.trace({name: 2.0}).evaluate().grad[name] == grad
    with pytest.raises(GradcliError, match="no function `k`"):
        Program(source, entry="k")


def test_a_function_keeps_its_defaults_and_reads_free_names_as_inputs():
    program = gradcli.compile("scale = 2*k\ndef f(x, p=3):\n  return scale*x**p")
    assert program.inputs == ["x", "k"]
    assert program.evaluate({"k": 1.0, "x": 2.0}).grad == {"x": 24, "k": 16}
    assert program.evaluate({"k": 1.0, "x": 2.0, "p": 2.0}).grad["x"] == 8


def test_a_tuple_is_several_outputs_with_seeds_of_their_own():
    result = gradcli.evaluate("def f(x): return x**2, sum(x)", {"x": X}, seed=([1, 0, 0], 2.0))
    assert [output.grad["x"].tolist() for output in result.outputs] == [[2, 0, 0], [2, 2, 2]]


@pytest.mark.parametrize(
    "source",
    [
        "y = x\nfor i in range(100000):\n  y = sin(y)*1.01\ny",
        "y = x\nn = 0\nwhile n < 100000 and y > -9:\n  y = sin(y)*1.01\n  n += 1\ny",
    ],
)
def test_long_recurrences(source):
    result = gradcli.evaluate(source, {"x": 0.5})
    y, slope = 0.5, 1.0
    for _ in range(100_000):
        y, slope = math.sin(y) * 1.01, slope * math.cos(y) * 1.01
    np.testing.assert_allclose(result.value, y, rtol=1e-12)
    np.testing.assert_allclose(result.grad["x"], slope, rtol=1e-6, atol=1e-300)


def test_a_loop_over_elements_is_linear():
    def nodes(count):
        source = "s = 0.\nfor i in range(len(x)):\n  s = s + x[i]*x[i-1]\ns"
        run = Program(source).trace({"x": np.arange(float(count))})
        result = run.evaluate()
        x = np.arange(float(count))
        np.testing.assert_allclose(result.grad["x"], np.roll(x, 1) + np.roll(x, -1))
        ((plan, *_),) = [kept for key, kept in run.traced._plans.items() if key[0] == "gradients"]
        return len(plan.nodes)

    small, large = nodes(100), nodes(1000)
    assert large < 11 * small


def test_filling_a_tensor_element_by_element_is_linear():
    source = "n = len(x)\ny = zeros(n)\nfor i in range(n):\n  y[i] = x[i]*2 + y[i-1]\nsum(y)"
    run = Program(source).trace({"x": np.ones(500)})
    result = run.evaluate()
    np.testing.assert_allclose(result.grad["x"], 2 * np.arange(500, 0, -1.0))
    plan = next(kept[0] for key, kept in run.traced._plans.items() if key[0] == "gradients")
    assert sum(1 for node in plan.nodes if node.shape == (500,)) < 20


def test_other_inputs_take_another_path():
    program = gradcli.compile(COURSE)
    first, again = program.evaluate({"a": 0.37}), program.evaluate({"a": -0.37})
    assert again.value == -100 * first.value
    assert again.control_flow[1]["false"] == 1
    assert program.evaluate({"a": 0.37}).grad == first.grad


def test_what_a_program_prints_is_a_note():
    result = gradcli.evaluate("print('x is', x, f'{sum(x):.2f}')\nsum(x)", {"x": X})
    assert result.notes == ["printed: x is [1. 2. 4.] 7.00"]
    assert result.grad["x"].tolist() == [1, 1, 1]


def test_constants_made_of_tensors_are_told():
    result = gradcli.evaluate("float(x)*x", {"x": 3.0})
    assert result.grad["x"] == 3
    assert "constants" in result.notes[0]


@pytest.mark.parametrize("depth", [400, 1900])
def test_deep_calls(depth):
    source = f"def f(n, y): return y if n == 0 else 1.001*f(n-1, y)\nf({depth}, x)"
    result = gradcli.evaluate(source, {"x": 1.0}, max_depth=2000)
    np.testing.assert_allclose(result.value, 1.001**depth, rtol=1e-9)
