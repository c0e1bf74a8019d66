"""Names of a program: which it reads from outside, and what bare ones mean."""

from __future__ import annotations

import ast
from typing import Any

from gradcli.language.static import BUILTINS
from gradcli.language.values import BUILTIN_SPACES, Namespace
from gradcli.ops.binding import CONSTANTS, find


def known_name(name: str) -> Any:
    """What a bare name means that the program does not bind; None where nothing."""
    if name in BUILTIN_SPACES:
        return Namespace(BUILTIN_SPACES[name])
    if name in CONSTANTS:
        return CONSTANTS[name]
    return BUILTINS.get(name) or find(name)


def free_names(module: ast.Module) -> list[str]:
    """Names that the program reads and does not bind before, in order of appearance."""
    bound: set[str] = set()
    free: dict[str, None] = {}
    for statement in module.body:
        stored: set[str] = set()
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            if statement.target.id not in bound:
                free[statement.target.id] = None
        stack: list[tuple[Any, frozenset[str]]] = [(statement, frozenset())]
        while stack:
            node, local = stack.pop()
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Store):
                    stored.add(node.id)
                elif node.id not in bound and node.id not in local:
                    free[node.id] = None
            elif isinstance(node, ast.alias):
                stored.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
                (clause,) = node.generators
                targets = [n.id for n in ast.walk(clause.target) if isinstance(n, ast.Name)]
                inner = local.union(targets)
                stack += [(test, inner) for test in clause.ifs]
                stack += [(node.elt, inner), (clause.iter, local)]
            else:
                stack += [(child, local) for child in reversed(list(ast.iter_child_nodes(node)))]
        bound |= stored
    return list(free)
