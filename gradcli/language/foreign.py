"""What other languages have, Python's own rest included, and what this one has in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import SyntaxProblem
from gradcli.language.lookalikes import transposed
from gradcli.language.mistakes import problem
from gradcli.language.tensors import Tensor
from gradcli.language.tokens import ENDS, HEADS, RESERVED, Stuck, Token, span_between

if TYPE_CHECKING:
    from collections.abc import Callable

DECLARING = frozenset(
    {"var", "let", "const", "val", "auto", "int", "float", "double", "real", "long", "bool",
     "string", "char", "tensor", "Tensor", "mut", "my", "local", "static", "public", "final"}
)  # fmt: skip
DEFINING = frozenset(
    {"function", "func", "fn", "fun", "sub", "proc", "procedure", "define"}
)  # fmt: skip
TOGETHER = {
    "elseif": "write `elif`",
    "elsif": "write `elif`",
    "foreach": "as in `for x in xs:`",
    "unless": "as in `if not x:`",
    "until": "as in `while not x:`",
    "switch": "`if`, `elif` and `else` choose",
    "select": "`if`, `elif` and `else` choose",
    "match": "`if`, `elif` and `else` choose",
    "case": "`if`, `elif` and `else` choose",
    "echo": "as in `print(x)`",
    "disp": "as in `print(x)`",
    "puts": "as in `print(x)`",
    "throw": "`assert condition, 'message'` ends the program where the condition does not hold",
    "catch": "an error ends the program: leave it out",
    "do": "a block begins with `:` at the end of the line above, and is indented",
    "begin": "a block begins with `:` at the end of the line above, and is indented",
    "end": "a block ends where its indentation does: leave it out",
    "include": "as in `import numpy as np`",
    "using": "as in `import numpy as np`",
    "require": "as in `import numpy as np`",
    "exec": "write the statement itself",
    "type": "annotations are read and do nothing: leave it out",
}
"""Words that begin a line in other languages."""

NAMES = {
    "ln": "`log` is the natural logarithm",
    "lg": "`log10` is the common logarithm",
    "tg": "`tan` is the tangent",
    "arctg": "`atan` is the inverse tangent",
    "sgn": "`sign` is the signum",
    "sqr": "a square is `x**2`",
    "avg": "`mean` is the average",
    "length": "`len(x)` is a length, `norm(x)` that of a vector",
    "numel": "`x.size` is the number of elements",
    "e": "Euler's number is `np.e`, a power of it `exp(x)`",
    "ℯ": "Euler's number is `np.e`, a power of it `exp(x)`",
    "π": "the number is `pi`",
    "Σ": "write `sum`",
    "Math": "functions stand by themselves, as in `sqrt(x)`",
    "true": "write `True`",
    "false": "write `False`",
    "TRUE": "write `True`",
    "FALSE": "write `False`",
    "null": "write `None`",
    "NULL": "write `None`",
    "nil": "write `None`",
    "undefined": "write `None`",
    "Inf": "write `inf`",
    "oo": "write `inf`",
    "end": "a block ends where its indentation does; the last element is `x[-1]`",
    "endif": "a block ends where its indentation does: leave it out",
    "endfor": "a block ends where its indentation does: leave it out",
    "endwhile": "a block ends where its indentation does: leave it out",
    "fi": "a block ends where its indentation does: leave it out",
    "done": "a block ends where its indentation does: leave it out",
    "self": "methods are plain functions here: leave it out",
    "tf": "use `np`, `torch` or `jnp`",
    "pd": "tables are read as inputs: --x @table.csv:column",
    "plt": "there is no plotting inside programs",
    "disp": "write `print(x)`",
    "printf": "as in `print(f'{x:.3f}')`",
    "fprintf": "as in `print(f'{x:.3f}')`",
    "println": "write `print(x)`",
    "display": "write `print(x)`",
    "open": "programs read no files: give them as inputs, as in --x @data.npy",
    "input": "values are given as inputs, as in --x 1,2,3",
    "eval": "write the expression itself",
    "exec": "write the statements themselves",
    "compile": "write the program itself",
    "__import__": "`import numpy as np` and its like are read",
    "getattr": "write the attribute itself, as in `x.T`",
    "setattr": "keep values in names, or in a dict",
    "hasattr": "a tensor is the only thing with attributes here",
    "isinstance": "a tensor has a `.shape`; `x is None` asks for None",
    "type": "a tensor has a `.dtype` and a `.shape`",
    "set": "there are no sets: `list(...)`, or a dict",
    "frozenset": "there are no sets: `list(...)`, or a dict",
    "iter": "`for x in xs:` goes through a list, a range or the rows of a tensor",
    "next": "`for x in xs:` goes through a list, a range or the rows of a tensor",
    "super": "there are no classes here",
    "object": "there are no classes here",
    "complex": "gradcli computes with real numbers",
    "globals": "names stand by themselves",
    "locals": "names stand by themselves",
    "vars": "names stand by themselves",
    "dir": "names stand by themselves",
    "format": "as in `f'{x:.3f}'`",
}
"""Names that nothing here has, and what is meant by them."""


MEMBERS: dict[tuple[type, str], str] = {
    (list, "sort"): "`sorted(xs)` gives a new list",
    (list, "remove"): "`[x for x in xs if ...]` keeps some; `del xs[i]` takes one out",
    (list, "index"): "`x in xs` asks whether it is there",
    (list, "count"): "`len([x for x in xs if ...])` counts",
    (list, "push"): "`append` adds an element",
    (list, "add"): "`append` adds an element",
    (list, "length"): "`len(xs)` is its length",
    (list, "size"): "`len(xs)` is its length",
    (str, "format"): "as in `f'{x:.3f}'`",
    (Tensor, "length"): "`len(x)` is the number of rows, `x.size` that of elements",
    (Tensor, "len"): "`len(x)` is the number of rows, `x.size` that of elements",
    (Tensor, "append"): "`concatenate([x, y])` joins tensors",
    (Tensor, "dims"): "`x.ndim` is the number of axes, `x.shape` their sizes",
    (Tensor, "rank"): "`x.ndim` is the number of axes",
    (Tensor, "transposed"): "write `x.T`",
    (dict, "clear"): "`d = {}` makes a new one",
    (dict, "has_key"): "`key in d` asks whether it is there",
}
"""Members that containers have elsewhere, and what there is for them."""


MODULES = {
    "matplotlib": "nothing is drawn inside programs: leave it out",
    "seaborn": "nothing is drawn inside programs: leave it out",
    "plotly": "nothing is drawn inside programs: leave it out",
    "pandas": "tables are read as inputs: --x @table.csv:column",
    "os": "programs reach no files and no machine: leave it out",
    "sys": "programs reach no files and no machine: leave it out",
    "subprocess": "programs reach no files and no machine: leave it out",
    "time": "programs know no time: leave it out",
    "random": "`np.random.rand` and `torch.rand` draw numbers",
    "tensorflow": "write it with `numpy`, `torch` or `jax`",
    "keras": "write it with `numpy`, `torch` or `jax`",
    "autograd": "`import numpy as np`: derivatives are found anyway",
    "sympy": "`import numpy as np`: formulas are differentiated as they stand",
}
"""Modules that there are elsewhere, and what there is for them."""


def explain_module(name: str) -> str:
    """What there is for a module of that name; empty where nobody knows."""
    return MODULES.get(name, "")


def explain_member(owner: Any, name: str) -> str:
    """What is meant by a member that something does not have; empty where nobody knows."""
    kind = Tensor if isinstance(owner, Tensor) else type(owner)
    return MEMBERS.get((kind, name), "")


def explain_reserved(token: Token) -> SyntaxProblem:
    """The error for a word of Python that is not in the language."""
    return SyntaxProblem(
        f"`{token[1]}` is not part of the language",
        span=span_between(token),
        hint=RESERVED[token[1]],
    )


def explain_name(name: str) -> str:
    """What is meant by a name that nothing binds, as a hint; empty where nobody knows."""
    if name in RESERVED:
        return RESERVED[name]
    if name.endswith("ᵀ"):
        return f"write `{name[:-1]}.T`"
    return NAMES.get(name, "")


def _declared(stuck: Stuck) -> SyntaxProblem | None:
    """`var x = 3`, `function f(x)`, `print x`: a word of another language begins the line."""
    line = [*stuck.line, stuck.token]
    first = line[0]
    if first[0] != "NAME" or stuck.token[0] in ENDS:
        return None
    second = line[1] if len(line) > 1 else stuck.token
    if len(line) > 2 and first[1] not in DEFINING | TOGETHER.keys():
        return None
    if first[1] in DEFINING:
        return problem(
            f"`{first[1]}` is not part of the language",
            first,
            hint="a function is written `def f(x):` and gives its value with `return`",
        )
    if first[1] in DECLARING and second[0] == "NAME":
        return problem(
            f"names are not declared: `{first[1]}` is too much",
            first,
            hint=f"write `{second[1]} = ...`",
        )
    if first[1] in TOGETHER and len(line) == 2:
        return problem(f"`{first[1]}` is not part of the language", first, hint=TOGETHER[first[1]])
    if first[1] == "print" and len(line) == 2:
        return problem(
            "the arguments of `print` stand in brackets",
            first,
            stuck.rest[-1] if stuck.rest[-1][4] == first[2] else stuck.token,
            hint=f"write `print({second[1]})`" if len(stuck.rest) == 1 else "as in `print(x, y)`",
        )
    after = stuck.after()
    if len(line) == 2 and second[0] == "NAME" and after[1] == "=":
        return problem(
            f"`{first[1]} {second[1]}` is not one name",
            first,
            second,
            hint=f"write `{second[1]} = ...`, or join them by an underscore",
        )
    return None


def _transpose(stuck: Stuck) -> SyntaxProblem | None:
    """`x' * y'`, which reads as a string behind x."""
    previous = stuck.before()
    if stuck.token[0] != "STRING" or not stuck.touching or stuck.token[1][0] != "'":
        return None
    if previous[0] not in ("NAME", "RPAR", "RSQB"):
        return None
    span = span_between(stuck.token)
    span.end_line, span.end_column = span.line, span.column + 1
    return transposed(span, previous)


def _comment(stuck: Stuck) -> SyntaxProblem | None:
    """`% words`, `// words`, `/* words */`."""
    line = [*stuck.line, *stuck.rest]
    here = len(stuck.line)
    first = stuck.before() if stuck.token[1] == "*" else stuck.token
    last = stuck.token if stuck.token[1] == "*" else stuck.after()
    if first[1] == "/" and last[1] == "*" and first[4:] == last[2:4]:
        return problem("`/*` begins no comment", first, last, hint="comments begin with `#`")
    for place, one in enumerate(line[: here + 1]):
        words = line[place + 1 : here + 1]
        if one[1] not in ("%", "//"):
            continue
        plain = [word for word in words if word[0] in ("NAME", "NUMBER")]
        if place == here == 0 or len(plain) > 1:
            end = line[-1] if line[-1][4] == one[2] else one
            return problem(f"`{one[1]}` begins no comment", one, end,
                           hint="comments begin with `#`")  # fmt: skip
    return None


def _braces(stuck: Stuck) -> SyntaxProblem | None:
    """`if (x > 0) { ... }`."""
    if stuck.token[1] != "{" or stuck.wants_value:
        return None
    return problem(
        "blocks do not stand in braces",
        stuck.token,
        hint="the line above ends with `:`, and the block is indented",
    )


def _loop(stuck: Stuck) -> SyntaxProblem | None:
    """`for (i = 0; i < n; i++)`, `for i = 1:n`."""
    if not stuck.inside("for") or any(one[1] == "in" for one in stuck.line):
        return None
    return problem(
        "`for` goes through the elements of something",
        stuck.line[0],
        stuck.token if stuck.token[1] else None,
        hint="as in `for i in range(3):`, which takes i from 0 to 2",
    )


def _then(stuck: Stuck) -> SyntaxProblem | None:
    """`if x > 0 then`, `while x do`."""
    if stuck.token[1] not in ("then", "do", "begin") or not stuck.line:
        return None
    if stuck.line[0][1] not in HEADS:
        return None
    return problem(f"`{stuck.token[1]}` is not part of the language", stuck.token,
                   hint="write `:`")  # fmt: skip


def _else_if(stuck: Stuck) -> SyntaxProblem | None:
    before = stuck.before()
    line = [one[1] for one in [*stuck.line, *stuck.rest][:2]]
    if line == ["else", "if"]:
        first = before if stuck.token[1] == "if" else stuck.token
        last = stuck.token if stuck.token[1] == "if" else stuck.after()
        return problem("`else if` is not part of the language", first, last, hint="write `elif`")
    return None


def _steps(stuck: Stuck) -> SyntaxProblem | None:
    """`x++`, `x--`."""
    before, earlier = stuck.before(), stuck.before(2)
    if before[1] not in ("+", "-") or earlier[1] != before[1] or earlier[4:] != before[2:4]:
        return None
    if stuck.token[0] not in ENDS and stuck.token[1] not in (";", ")", "{"):
        return None
    name = stuck.before(3)[1] if stuck.before(3)[0] == "NAME" else "x"
    sign = before[1]
    return problem(
        f"`{sign}{sign}` is not a sign of the language",
        earlier,
        before,
        hint=f"write `{name} {sign}= 1`",
    )


def _arrow(stuck: Stuck) -> SyntaxProblem | None:
    """`x -> x**2`, `x => x**2`."""
    before, token = stuck.before(), stuck.token
    if token[1] == "->" and not stuck.inside("def"):
        first = token
    elif before[1] == "=" and token[1] == ">" and stuck.touching:
        first = before
    else:
        return None
    hint = "a function is written `lambda x: x**2`"
    if first is before:
        hint = f"`>=` compares; {hint}"
    sign = "->" if first is token else "=>"
    return problem(f"`{sign}` makes no function", first, token, hint=hint)


def _bars(stuck: Stuck) -> SyntaxProblem | None:
    """`|x|`, `||x||`."""
    if stuck.token[1] != "|" or not stuck.wants_value:
        return None
    if stuck.touching and stuck.before()[1] == "|" and sum(t[1] == "|" for t in stuck.rest) < 3:
        # C's `x || y`.
        return None
    double = stuck.after()[1] == "|" and stuck.after()[2:4] == stuck.token[4:]
    return problem(
        "bars do not take the absolute value",
        stuck.token,
        stuck.after() if double else None,
        hint="write `norm(x)`" if double else "write `abs(x)`",
    )


def _stars(stuck: Stuck) -> SyntaxProblem | None:
    """`def f(*args)`, `[*a, *b]`, `a, *rest = x`, `from numpy import *`."""
    sign, before = stuck.token[1], stuck.before()
    if sign not in ("*", "**", "/"):
        return None
    if before[1] == "import":
        return problem(
            "all names at once cannot be imported",
            stuck.token,
            hint="`import numpy as np`; NumPy's functions are known by their bare names too",
        )
    if stuck.inside("def") and stuck.bracket() is not None and "NAME" in stuck.expected:
        return problem(
            f"parameters with `{sign}` are not part of the language",
            stuck.token,
            hint="a parameter may be a list or a dict; `def f(x, y=1)` has a default",
        )
    bracket = stuck.bracket()
    if stuck.wants_value and sign != "/" and stuck.after()[0] in ("NAME", "LPAR", "LSQB"):
        if before[1] in (",", "", *"[({") and not (bracket is None and not stuck.line):
            hint = "`a, b = x[0], x[1:]` takes values apart; `a + b` joins tuples"
            if bracket is not None and bracket[1] == "{":
                hint = "`d.update(e)` joins dicts"
            return problem(f"`{sign}` spreads values in calls alone", stuck.token, hint=hint)
    return None


def _sets(stuck: Stuck) -> SyntaxProblem | None:
    """`{1, 2}`."""
    bracket = stuck.bracket()
    if bracket is None or bracket[1] != "{" or stuck.token[1] not in (",", "}", "for"):
        return None
    if ":" not in stuck.expected:
        return None
    return problem(
        "there are no sets: in braces stand pairs",
        bracket,
        stuck.token if stuck.token[1] == "}" else None,
        hint="`[1, 2]` is a list, `{'a': 1}` a dict",
    )


def _rows(stuck: Stuck) -> SyntaxProblem | None:
    """`[1, 2; 3, 4]`, `[1 2 3]`."""
    bracket = stuck.bracket()
    if bracket is None or bracket[1] != "[":
        return None
    if stuck.token[1] == ";":
        return problem(
            "`;` does not separate rows here",
            stuck.token,
            hint="a matrix is a list of rows: `[[1, 2], [3, 4]]`",
        )
    return None


def _slices(stuck: Stuck) -> SyntaxProblem | None:
    """`1:3` outside an index, `x(1:3)`."""
    if stuck.token[1] != ":" or stuck.line[:1] == [] or stuck.line[0][1] in HEADS:
        return None
    if stuck.after()[1] == "=" and stuck.after()[2:4] == stuck.token[4:]:
        return problem(
            "`:=` is not a sign of the language",
            stuck.token,
            stuck.after(),
            hint="`=` gives a name to a value, in a line of its own",
        )
    bracket = stuck.bracket()
    if bracket is not None and bracket[1] == "[" and not stuck.wants_value:
        hint = "as in `x[0:10:2]`, each of which may be left out"
        return problem("a slice has a start, a stop and a step", stuck.token, hint=hint)
    if bracket is not None and bracket[1] == "(":
        hint = "an index stands in square brackets: `x[0:3]`, and counts from 0"
    else:
        hint = "as a list of numbers it is `arange(0, 3)`; in an index, `x[0:3]`"
    return problem("`:` makes slices in an index alone", stuck.token, hint=hint)


def _heads(stuck: Stuck) -> SyntaxProblem | None:
    """`def f:`, `lambda (x): x`."""
    if stuck.inside("def") and "(" in stuck.expected and len(stuck.line) == 2:
        hint = f"as in `def {stuck.line[1][1]}():`"
        return problem("the parameters are missing", stuck.line[0], stuck.line[1], hint=hint)
    if stuck.before()[1] == "lambda" and stuck.token[1] == "(":
        return problem(
            "the parameters of `lambda` stand without brackets",
            stuck.token,
            hint="as in `lambda x, y: x*y`",
        )
    return None


FOREIGN: tuple[Callable[[Stuck], SyntaxProblem | None], ...] = (
    _transpose, _comment, _declared, _braces, _else_if, _then, _loop, _steps, _arrow, _bars,
    _stars, _sets, _rows, _slices, _heads,
)  # fmt: skip
