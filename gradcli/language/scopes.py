"""Scopes: which names a piece of a program binds and reads, and where they are looked up."""

from __future__ import annotations

import ast
from typing import Any

Function = ast.FunctionDef | ast.Lambda
COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.DictComp)


class Scope:
    """Names with their values; `own` are those that a function binds anywhere in its body."""

    __slots__ = ("names", "outer", "own")

    def __init__(self, outer: Scope | None = None, own: frozenset[str] = frozenset()) -> None:
        self.names: dict[str, Any] = {}
        self.outer = outer
        self.own = own


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


def own_names(node: Function) -> frozenset[str]:
    """Parameters and local names of a function."""
    parameters = frozenset([parameter.arg for parameter in node.args.args])
    return parameters | bound_names(node.body) if isinstance(node, ast.FunctionDef) else parameters


class Reader:
    """Collects the names that a program reads and nothing in it binds before, in order."""

    def __init__(self, module: ast.Module) -> None:
        self.free: dict[str, None] = {}
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

    def note(self, name: str, visible: frozenset[str] | set[str]) -> None:
        if name not in visible:
            self.free[name] = None

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
            elif isinstance(node, ast.AnnAssign):
                # Annotations are read by people only.
                stack += [(part, visible, later) for part in (node.target, node.value) if part]
            else:
                children = reversed(list(ast.iter_child_nodes(node)))
                stack += [(child, visible, later) for child in children]


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
