"""Scopes: which names a piece of a program binds and reads, and where they are looked up."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING, Any

from gradcli.errors import SyntaxProblem
from gradcli.language.places import span_of

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

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


def bound_names(body: Sequence[ast.AST]) -> frozenset[str]:
    """Names that statements, or targets, bind in their own scope: not in functions.

    No expression binds names, so that none is looked into.
    """
    found: set[str] = set()
    stack: list[Any] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                found.add(node.id)
        elif isinstance(node, (ast.Tuple, ast.List)):
            stack += node.elts
        elif isinstance(node, ast.Assign):
            stack += node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            stack.append(node.target)
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, (ast.If, ast.While)):
            stack += [*node.body, *node.orelse]
        elif isinstance(node, ast.For):
            stack += [node.target, *node.body, *node.orelse]
        elif isinstance(node, ast.With):
            stack += [*node.items, *node.body]
        elif isinstance(node, ast.withitem):
            stack += [node.optional_vars] if node.optional_vars is not None else []
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
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
    """Collects the names that a program reads and nothing in it binds before.

    free: those names in the order in which they are written. values: those of them that it reads as
    values, not to be called alone.
    """

    def __init__(self, module: ast.Module) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        self.values: set[str] = set()
        self.module = bound_names(module.body)
        self.bound: set[str] = set()
        self.block(module.body)
        self.free = sorted(self._places, key=self._places.__getitem__)

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
                    self.note(target, self.bound)
                self.read(statement)
                self.bind(statement)

    def bind(self, node: ast.AST) -> None:
        self.bound |= bound_names([node])

    def note(self, node: ast.Name, visible: Container[str], called: bool = False) -> None:
        """Note that a name is read where some names are visible."""
        name = node.id
        if name not in visible:
            place = (node.lineno, node.col_offset)
            self._places[name] = min(place, self._places.get(name, place))
            if not called:
                self.values.add(name)

    def read(self, root: ast.AST) -> None:
        """Names that an expression or a simple statement reads."""
        # Nodes in one scope, with what is visible there, and what is once everything has run (in
        # the bodies of functions).
        scopes: list[tuple[list[Any], Any, frozenset[str]]] = [([root], self.bound, self.module)]
        while scopes:
            stack, visible, later = scopes.pop()
            while stack:
                node = stack.pop()
                kind: Any = type(node)
                if kind is ast.Name:
                    if not isinstance(node.ctx, ast.Store):
                        self.note(node, visible)
                elif kind is ast.Call and type(node.func) is ast.Name:
                    self.note(node.func, visible, True)
                    stack += node.args
                    stack += node.keywords
                elif kind is ast.FunctionDef or kind is ast.Lambda:
                    inside = later | own_names(node)
                    body = list(node.body) if kind is ast.FunctionDef else [node.body]
                    scopes.append((body, inside, inside))
                    stack += [*node.args.defaults, *getattr(node, "decorator_list", ())]
                elif kind in COMPREHENSIONS:
                    scopes += _clauses(node, visible, later)
                elif kind is ast.AnnAssign:
                    # Annotations are read by people only.
                    stack += [part for part in (node.target, node.value) if part is not None]
                else:
                    for field in _fields(kind):
                        part = getattr(node, field)
                        if type(part) is list:
                            stack += part
                        elif part is not None:
                            stack.append(part)


@cache
def _fields(kind: type[ast.AST]) -> list[str]:
    """The fields of a sort of node that hold nodes in which names may stand."""
    if kind is ast.Constant:
        return []
    plain = {"arg", "attr", "conversion", "ctx", "level", "module", "names", "op", "ops"}
    return [field for field in kind._fields if field not in plain]


def _clauses(node: Any, visible: Any, later: frozenset[str]) -> list[Any]:
    """The parts of a comprehension, each with what is visible there."""
    inner, after = set(visible), set(later)
    found = []
    for clause in node.generators:
        found.append(([clause.iter], frozenset(inner), frozenset(after)))
        targets = bound_names([clause.target])
        inner |= targets
        after |= targets
        found.append(([clause.target, *clause.ifs], frozenset(inner), frozenset(after)))
    parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    return [*found, (parts, frozenset(inner), frozenset(after))]


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
