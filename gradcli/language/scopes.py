"""Scopes: which names a piece of a program binds and reads, and where they are looked up."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import SyntaxProblem
from gradcli.language.places import span_of

if TYPE_CHECKING:
    from collections.abc import Sequence

Function = ast.FunctionDef | ast.Lambda
COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.DictComp)


class Scope:
    """Names with their values.

    own: those that a function binds anywhere in its body. body: the statements of the function.
    """

    __slots__ = ("body", "names", "outer", "own")

    def __init__(
        self,
        outer: Scope | None = None,
        own: frozenset[str] = frozenset(),
        body: Sequence[ast.AST] = (),
    ) -> None:
        self.names: dict[str, Any] = {}
        self.outer = outer
        self.own = own
        self.body = body


def bound_names(body: list[ast.stmt]) -> frozenset[str]:
    """Names that statements bind in their own scope: not in functions or comprehensions."""
    found: set[str] = set()
    stack: list[Any] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                found.add(node.id)
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
        elif not isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
            stack.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def binding_of(name: str, body: Sequence[ast.AST]) -> Any:
    """The first place, as it is written, where statements bind a name in their own scope."""
    stack: list[Any] = list(reversed(body))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef):
            if node.name == name:
                return node
        elif isinstance(node, ast.Name):
            if node.id == name and isinstance(node.ctx, ast.Store):
                return node
        elif not isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))
    return None


def own_names(node: Function) -> frozenset[str]:
    """Parameters and local names of a function."""
    parameters = frozenset([parameter.arg for parameter in node.args.args])
    return parameters | bound_names(node.body) if isinstance(node, ast.FunctionDef) else parameters


class Reader:
    """Collects the names that a program reads and nothing in it binds before, in order.

    values: those of them that it reads as values, not to be called alone.
    """

    def __init__(self, module: ast.Module) -> None:
        self.free: dict[str, None] = {}
        self.values: set[str] = set()
        self.module = bound_names(module.body)
        self.bound: set[str] = set()
        self.block(module.body)

    def block(self, body: list[ast.stmt]) -> None:
        """Statements of the module, in the order in which they are written."""
        for statement in body:
            if runs_as_script(statement):
                continue
            # Blocks nest no deeper than the parser lets them.
            if isinstance(statement, (ast.If, ast.While)):
                self.read(statement.test)
                self.block(statement.body)
                self.block(statement.orelse)
            elif isinstance(statement, ast.For):
                self.read(statement.iter)
                self.bind(statement.target)
                self.block(statement.body)
                self.block(statement.orelse)
            elif isinstance(statement, ast.With):
                for item in statement.items:
                    self.read(item)
                    self.bind(item)
                self.block(statement.body)
            else:
                target = getattr(statement, "target", None)
                if isinstance(statement, ast.AugAssign) and isinstance(target, ast.Name):
                    self.note(target.id, self.bound)
                self.read(statement)
                self.bind(statement)

    def bind(self, node: ast.AST) -> None:
        self.bound |= bound_names([node])  # type: ignore[list-item]

    def note(self, name: str, visible: frozenset[str] | set[str], called: bool = False) -> None:
        if name not in visible:
            self.free[name] = None
            if not called:
                self.values.add(name)

    def read(self, root: ast.AST) -> None:
        """Names that an expression or a simple statement reads."""
        # What is visible at a place, and what is once everything has run (in a function's body).
        stack: list[tuple[Any, Any, frozenset[str]]] = [(root, self.bound, self.module)]
        while stack:
            node, visible, later = stack.pop()
            if isinstance(node, ast.Name):
                if not isinstance(node.ctx, ast.Store):
                    self.note(node.id, visible)
            elif isinstance(node, (ast.FunctionDef, ast.Lambda)):
                inside = later | own_names(node)
                body = node.body if isinstance(node, ast.FunctionDef) else [node.body]
                stack += [(part, inside, inside) for part in reversed(body)]
                outside = [*node.args.defaults, *getattr(node, "decorator_list", ())]
                stack += [(part, visible, later) for part in reversed(outside)]
            elif isinstance(node, COMPREHENSIONS):
                inner, after = set(visible), set(later)
                for clause in node.generators:
                    stack.append((clause.iter, frozenset(inner), frozenset(after)))
                    targets = bound_names([clause.target])  # type: ignore[list-item]
                    inner |= targets
                    after |= targets
                    known, known_later = frozenset(inner), frozenset(after)
                    stack += [(test, known, known_later) for test in clause.ifs]
                parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                stack += [(part, frozenset(inner), frozenset(after)) for part in parts]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                self.note(node.func.id, visible, True)
                stack += [(part, visible, later) for part in reversed(node.keywords)]
                stack += [(part, visible, later) for part in reversed(node.args)]
            elif isinstance(node, ast.AnnAssign):
                # Annotations are read by people only.
                stack += [(part, visible, later) for part in (node.target, node.value) if part]
            else:
                children = reversed(list(ast.iter_child_nodes(node)))
                stack += [(child, visible, later) for child in children]


def require_placed(module: ast.Module) -> None:
    """Raise SyntaxProblem for a `return` outside functions, a `break` or `continue` outside loops.

    As in Python, before anything runs.
    """
    stack: list[tuple[Any, bool, bool]] = [(one, False, False) for one in reversed(module.body)]
    while stack:
        node, function, loop = stack.pop()
        word, where, fine = "", "a function", function
        if isinstance(node, ast.Return):
            word = "return"
        elif isinstance(node, (ast.Break, ast.Continue)):
            word = "break" if isinstance(node, ast.Break) else "continue"
            where, fine = "a loop", loop
        if word and not fine:
            raise SyntaxProblem(
                f"`{word}` outside {where}",
                span=span_of(node),
                hint="the value of a program is its last expression" if word == "return" else "",
            )
        if isinstance(node, ast.FunctionDef):
            function, loop = True, False
        inner = loop or isinstance(node, (ast.For, ast.While))
        stack += [(one, function, loop) for one in reversed(getattr(node, "orelse", ()))
                  if isinstance(node, ast.stmt)]  # fmt: skip
        stack += [(one, function, inner) for one in reversed(getattr(node, "body", ()))
                  if isinstance(node, ast.stmt)]  # fmt: skip


def entry_function(
    module: ast.Module, name: str | None = None
) -> ast.FunctionDef | ast.Assign | None:
    """The function that a program is: the one named, or the one that it ends in, if it does.

    A function is a `def`, or `name = lambda ...`. What runs only as a script does not count.
    """
    body = [node for node in module.body if not runs_as_script(node)]
    if name is None:
        last = body[-1] if body else None
        return last if isinstance(last, ast.FunctionDef) else None
    for node in reversed(body):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            if any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                return node
    return None


def parameters_of(entry: ast.FunctionDef | ast.Assign) -> dict[str, bool]:
    """A function's parameters, and whether each must be given."""
    function = entry.value if isinstance(entry, ast.Assign) else entry
    assert isinstance(function, (ast.FunctionDef, ast.Lambda))
    names = [parameter.arg for parameter in function.args.args]
    needed = len(names) - len(function.args.defaults)
    return {name: place < needed for place, name in enumerate(names)}


def runs_as_script(node: ast.stmt) -> bool:
    """Whether this is `if __name__ == "__main__":`."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
