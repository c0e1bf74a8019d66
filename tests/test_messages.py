"""Every error message in the source is shown by a golden file.

Messages are read from the syntax tree: the first argument of each call of an error class, or of a
function that hands its argument on to one. What an f-string fills in stands for any text.
"""

import ast
import re
from functools import cache

import pytest
from goldenfiles import ROOT, messages

COVERED = [
    *["language", "snippets", "autodiff", "engine", "graph.py", "simplify.py", "traced.py"],
    *["session.py", "run.py", "derivatives.py", "jacobians.py", "inputs.py", "wrt.py"],
    "ops/functions",
]
"""Files and folders of gradcli/ whose messages must be shown."""

FORWARDED = {"error.format_message().rstrip('.')"}
"""Messages that others write."""


@cache
def trees():
    paths = sorted((ROOT / "gradcli").rglob("*.py"))
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


@cache
def error_classes():
    """Names of GradcliError and of every class below it."""
    found = {"GradcliError"}
    bases = [
        (node.name, {ast.unparse(base) for base in node.bases})
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    while more := {name for name, above in bases if above & found} - found:
        found |= more
    return found


@cache
def calls_in(function):
    return [node for node in ast.walk(function) if isinstance(node, ast.Call)]


def called(node):
    function = node.func
    return getattr(function, "id", getattr(function, "attr", ""))


class Source:
    """The functions of the package, and which of them hand an argument on as a message."""

    def __init__(self):
        self.makers = dict.fromkeys(error_classes() - {"MissingInput", "StaleView"}, 0)
        self.functions = []
        for path, tree in trees():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    for inner in node.body:
                        if isinstance(inner, ast.FunctionDef):
                            inner.owner = node
                if isinstance(node, ast.FunctionDef):
                    self.functions.append((path, node))
        while self._find_makers():
            pass

    def _find_makers(self):
        before = len(self.makers)
        for _, function in self.functions:
            names = [one.arg for one in function.args.args if one.arg not in ("self", "cls")]
            for call, place in self.calls(function):
                first = call.args[place]
                if isinstance(first, ast.Name) and first.id in names:
                    self.makers.setdefault(function.name, names.index(first.id))
        return len(self.makers) > before

    def calls(self, function):
        """Calls that make an error in a function, and which argument is the message."""
        for node in calls_in(function):
            if called(node) == "__init__" and ast.unparse(node.func) == "super().__init__":
                owner = getattr(function, "owner", None)
                if owner is not None and owner.name in error_classes() and node.args:
                    yield node, 0
            elif called(node) in self.makers and len(node.args) > self.makers[called(node)]:
                yield node, self.makers[called(node)]

    def messages(self, path):
        """(place, expression, function) of each message in a file."""
        for found, function in self.functions:
            if found != path:
                continue
            names = [one.arg for one in function.args.args]
            for call, place in self.calls(function):
                first = call.args[place]
                if not (isinstance(first, ast.Name) and first.id in names):
                    yield f"{path.name}:{call.lineno}", first, function


def patterns(expression, function):
    """Lists of fixed texts and None for what is filled in, one for each form of a message."""
    if isinstance(expression, ast.Constant):
        return [[expression.value]]
    if isinstance(expression, ast.JoinedStr):
        return [[part.value if isinstance(part, ast.Constant) else None
                 for part in expression.values]]  # fmt: skip
    if isinstance(expression, ast.IfExp):
        return patterns(expression.body, function) + patterns(expression.orelse, function)
    if isinstance(expression, ast.BinOp):
        left, right = (patterns(s, function) for s in (expression.left, expression.right))
        return [[*first, *second] for first in left for second in right]
    if isinstance(expression, ast.Name):
        return [
            pattern
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == expression.id
            # Functions of one name in several files: what holds no text is no message.
            and isinstance(node.value, (ast.Constant, ast.JoinedStr, ast.IfExp, ast.BinOp))
            for pattern in patterns(node.value, function)
        ]
    assert ast.unparse(expression) in FORWARDED, f"no message to read: {ast.unparse(expression)}"
    return []


def templates():
    """Every message of the covered files: its pattern, and where it stands."""
    source = Source()
    found = {}
    for part in COVERED:
        root = ROOT / "gradcli" / part
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            for place, expression, function in source.messages(path):
                for pattern in patterns(expression, function):
                    found.setdefault(tuple(pattern), place)
    return found


def test_every_message_has_a_golden_file():
    compiled = {
        pattern: re.compile("".join([".*" if p is None else re.escape(p) for p in pattern]))
        for pattern in templates()
    }
    shown = set()
    for message in messages():
        fits = [pattern for pattern, form in compiled.items() if form.fullmatch(message)]
        # Of several that fit, the message is that of the most specific.
        weight = {pattern: sum(len(part or "") for part in pattern) for pattern in fits}
        shown |= {pattern for pattern in fits if weight[pattern] == max(weight.values())}
    missing = [
        f"{place}: {''.join(['{}' if part is None else part for part in pattern])}"
        for pattern, place in templates().items()
        if pattern not in shown
    ]
    assert not missing, "no golden file shows:\n" + "\n".join(missing)


@pytest.mark.parametrize("name", sorted(error_classes() - {"GradcliError", "StaleView"}))
def test_every_class_is_made_somewhere(name):
    assert any(
        called(node) == name
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    )
