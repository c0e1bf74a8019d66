"""The grammar is Python's: generated expressions and programs give Python's own syntax trees.

Nodes stand where Python says that they do, where it is exact itself: it counts columns in bytes,
and has said where the parts of an f-string stand only since 3.12.
"""

import ast
import warnings
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.language.parser import parse

NAMES = st.sampled_from(["x", "y1", "alpha", "_z", "α", "T"])
NUMBERS = st.one_of(
    st.integers(0, 10**6).map(str),
    st.floats(0, 1e9, allow_nan=False).map(repr),
    st.sampled_from(["1.", ".5", "1e3", "1_000", "0x1F", "2.5E-3", "0b101", "0o17"]),
)
STRINGS = st.sampled_from(
    ["'a'", "\"b\" 'c'", r"r'\n' '\n\t\\'", '"""d\ne"""', "f'{x}'", "f'a{y1!r:>{T}.3f}{{' 'b'"]
)
WORDS = st.sampled_from(["None", "True", "False", "()", "[]", "{}", "..."])
ATOMS = st.one_of(NAMES, NUMBERS, STRINGS, WORDS)
SIGNS = st.sampled_from(
    ["+", "-", "*", "/", "%", "@", "&", "|", "^", "<", ">", "//", "**", "<=", ">=", "==", "!="]
)
SIGNS |= st.sampled_from([" and ", " or ", " in ", " not in ", " is ", " is not "])
TARGETS = st.sampled_from(["x", "x, y1", "x, (y1, T)", "[x, T]", "x[0]", "x.T", "(x, y1)", "x,"])
ARGUMENTS = st.sampled_from(["{}", "*({})", "k{}=({})", "**({})", "*y1, {}"])


def call(arguments):
    """A call; what is given by name has one name each."""
    parts = [
        pattern.format(place, text) if pattern.startswith("k") else pattern.format(text)
        for place, (pattern, text) in enumerate(arguments)
    ]
    return f"f({', '.join(parts)})"


def compound(inner):
    """Expressions made of smaller ones."""

    def filled(count, *patterns):
        parts = st.tuples(*[inner] * count)
        return st.tuples(st.sampled_from(patterns), parts).map(lambda t: t[0].format(*t[1]))

    clause = st.tuples(TARGETS, inner, st.sampled_from(["", " if y1", " if x if T"])).map(
        lambda t: f" for {t[0]} in ({t[1]}){t[2]}"
    )
    clauses = st.lists(clause, min_size=1, max_size=3).map("".join)
    argument = st.tuples(ARGUMENTS, inner)
    plain = inner.map(lambda text: "x" if set(text) & set("'\"\\\n{}!α") else text)
    return st.one_of(
        st.tuples(inner, SIGNS, inner).map("".join),
        st.tuples(inner, SIGNS, inner, SIGNS, inner).map("".join),
        filled(1, "-{}", "+{}", "~{}", "not {}", "({})", "({},)", "x[{}]", "({}).T.sum(axis=0)"),
        filled(1, "(\n  {}  # why\n)", "x[{},]"),
        filled(2, "({}, {})", "[{}, {}]", "x[{}, {}:, ::2, ..., None]", "(lambda a, b=({}): {})"),
        filled(2, "{{'k': {}, 2: {}}}", "[{},\n\n  {},\n]", "{}\\\n+{}"),
        filled(3, "x[{}:{}:{}]", "({} if {} else {})", "f({})({})[{}]"),
        st.lists(argument, max_size=4).map(call),
        st.tuples(inner, clauses).map(lambda t: f"f({t[0]}{t[1]})"),
        st.tuples(inner, clauses).map(lambda t: f"[{t[0]}{t[1]}]"),
        st.tuples(inner, clauses).map(lambda t: f"({t[0]}{t[1]})"),
        st.tuples(inner, inner, clauses).map(lambda t: f"{{{t[0]}: {t[1]}{t[2]}}}"),
        st.tuples(plain, plain).map(lambda t: f"f'{{({t[0]}):{{T}}.3f}} and {{({t[1]})=}}'"),
    )


EXPRESSIONS = st.recursive(ATOMS, compound, max_leaves=12)


def statement(count, *patterns):
    """Patterns with expressions filled in."""
    parts = st.tuples(*[EXPRESSIONS] * count)
    return st.tuples(st.sampled_from(patterns), parts).map(lambda t: t[0].format(*t[1]))


SIMPLE = st.one_of(
    statement(1, "{}", "x: {}", "y1: T = {}", "return {}, x", "return {}", "assert {}"),
    statement(1, "x += {}", "x[0] //= {}", "x.T **= {}", "x @= {}, y1"),
    statement(2, "assert {}, {}", "x = {}, {}"),
    st.tuples(TARGETS, EXPRESSIONS).map(" = ".join),
    st.tuples(TARGETS, TARGETS, EXPRESSIONS).map(" = ".join),
    st.sampled_from(["pass", "break", "continue", "return", "del x", "del x[0], T"]),
    st.sampled_from(["import numpy as np", "import a.b, c as d", "from a.b import c as d, e"]),
    st.just("from a import (b,\n  c)"),
).map(lambda text: text.split("\n"))
HEADS = st.one_of(
    statement(1, "if {}:", "while {}:", "for x, (y1, T) in {}, 2:", "for x[0] in {}:"),
    statement(1, "@{}\n@x.T(1)\ndef f() -> ({}):".replace("({})", "T")),
    statement(2, "with {} as x, ({}):", "def f(x, y1: {}, T=({})):", "def f(x=({})) -> {}:"),
).map(lambda text: text.split("\n"))


def blocks(inner):
    """Statements of several lines, made of smaller ones."""
    several = st.lists(inner, min_size=1, max_size=3).map(lambda parts: [*chain(*parts)])

    def built(drawn):
        head, body, other, last = drawn
        made = [*head, *indented(body)]
        if head[0].startswith("if") and len(other) > 1:
            made += ["elif x:", *indented(other)]
        if head[0].startswith(("if", "while", "for")) and last:
            made += ["else:", *indented(last)]
        return made

    return st.one_of(
        st.tuples(HEADS, several, several, st.one_of(st.just([]), several)).map(built),
        st.tuples(HEADS, SIMPLE).map(lambda t: [*t[0][:-1], f"{t[0][-1]} {t[1][0]}", *t[1][1:]]),
        st.tuples(SIMPLE, SIMPLE).map(lambda t: [*t[0][:-1], f"{t[0][-1]}; {t[1][0]}", *t[1][1:]]),
        several.map(lambda lines: [*lines, "", "  # a remark"]),
    )


def indented(lines):
    return ["  " + line for line in lines]


SOURCES = st.recursive(SIMPLE, blocks, max_leaves=6).map("\n".join)


def python(source):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def places(tree):
    """Where nodes stand, those inside f-strings left out."""
    found = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if hasattr(node, "lineno"):
            place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
            found.append((type(node).__name__, *place))
        if not isinstance(node, ast.JoinedStr):
            stack += ast.iter_child_nodes(node)
    return found


def require_pythons(source):
    """Compare with Python's tree; what Python rejects is not looked at."""
    try:
        expected = python(source)
    except SyntaxError:
        return False
    tree = parse(source, max_nesting=500)
    assert ast.dump(tree) == ast.dump(expected)
    if source.isascii():
        assert places(tree) == places(expected)
    return True


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS)
def test_expressions_parse_as_python_does(source):
    require_pythons(source)


@settings(max_examples=300, deadline=None)
@given(SOURCES)
def test_programs_parse_as_python_does(source):
    require_pythons(source)


BLOCK = """\
def f(a, b=2, c=(1, 2)):
    '''doc'''
    while a < b: a += 1; b -= 1
    for i, (j, k) in zip(a, b):
        if i: break
        elif j:
            continue  # comment

        else:
            pass
    else: b = 3
    assert a, 'message'
    return a
"""
PROGRAMS = [
    BLOCK + "f(1)",
    "u = v, w = 1, 2; u",
    "import numpy as np\nfrom jax import numpy as jnp, nn\nimport torch.nn.functional as F\nx",
    "x = [i*2 for i in range(3) if i]\nx",
    "f(\n  x,\n\n  y  # why\n)",
    "y[i, 2:] = 3; x.a = 2",
    "x: int = 3\ny: float",
    "(a, b), [c, d] = e",
    "a = b = c\n\n\n# end\n",
    "x \\\n + y",
    "if x:\n  y\nelif z: w\nz",
    "return x, y",
    "'a' \"b\" '''c\nd'''",
    "with torch.no_grad(), f() as g: x -= 1\nwith a as (b, c):\n  pass",
    "@jit\n@f.g(1)\ndef h(): return",
    "while x: pass\nelse:\n  y",
    "f(*a, b, *c, k=1, **d, **e)",
    "{k: v for k, v in a for b in c if d if e}",
    "f'{x}{y:>{w}}' rf'\\{z!r}' 'end'",
    "del a, b[0], c.d",
    "if a: b\nelif c: d\nelif e: f\nelif g:\n  h\nelse: i",
    "if a: b\nelif c: d\nelif e: f",
    "@jit\n@torch.no_grad()\n@f\ndef g(): return 1",
    "@a\n@b\ndef g(x) -> y: return 1",
]


@pytest.mark.parametrize("source", PROGRAMS)
def test_examples_parse_as_python_does(source):
    assert require_pythons(source)


def test_most_generated_sources_are_programs():
    """What is generated is worth generating: a property of the strategies above."""
    taken = []

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(SOURCES)
    def look(source):
        try:
            python(source)
            taken.append(True)
        except SyntaxError:
            taken.append(False)

    look()
    assert sum(taken) > len(taken) // 2
