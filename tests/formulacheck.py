"""What the tests of formulas share: graphs from source, derivatives among them, and their text."""

import ast

import numpy as np

from gradcli.autodiff import vjp
from gradcli.emit import Text, written
from gradcli.engine import Plan
from gradcli.graph import Arena, Node, building
from gradcli.language.interpret import Interpreter
from gradcli.language.parser import parse
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import constant, input_
from gradcli.ops.values import tensor
from gradcli.simplify import rewrite

SHAPES = {
    **dict.fromkeys("xyzuvw", (3,)),
    **dict.fromkeys("st", ()),
    **dict.fromkeys("ABC", (3, 3)),
}
"""Shapes of the names in the examples of rewrites."""


def leaf(name, shape):
    return Node(input_, (), (shape, name, "real"), ((shape, "real"),))


def values(names, seed=3):
    """Positive numbers, and well-conditioned matrices, for names of `SHAPES`."""
    found = {}
    for name in names:
        random = np.random.default_rng([seed, *name.encode()])
        found[name] = random.uniform(0.4, 1.6, SHAPES[name])
        if len(SHAPES[name]) == 2:
            found[name] = random.uniform(-1, 1, (3, 3)) + 3 * np.eye(3)
    return found


class Source:
    """A program over names of `SHAPES`, which may say `grad(y, x)`, and values for its inputs."""

    def __init__(self, source):
        tree = parse(source)
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        names.sort(key=lambda name: (name.lineno, name.col_offset))
        self.arrays = values(dict.fromkeys(name.id for name in names if name.id in SHAPES))
        self.leaves = {name: leaf(name, array.shape) for name, array in self.arrays.items()}
        self.left_out = []
        arena = Arena(rewrite)
        arena.textbook, arena.left_out = True, self.left_out
        with building(arena):
            names = {name: Tensor(node) for name, node in self.leaves.items()}
            if "grad(" in source:
                tree = _Gradients(names).visit(tree)
            self.node = tensor(bare(Interpreter(names).run(tree)))

    def run(self, *nodes):
        inputs = {node.serial: self.arrays[name] for name, node in self.leaves.items()}
        return Plan(nodes, self.leaves.values()).run(inputs)


class _Gradients(ast.NodeTransformer):
    """Replaces `grad(y, x)` by a name for the derivative."""

    def __init__(self, names):
        self.names = names

    def visit_Call(self, call):
        if isinstance(call.func, ast.Name) and call.func.id == "grad":
            target, by = call.args
            value = bare(Interpreter(self.names).run(ast.Module([ast.Expr(target)], [])))
            (found,) = vjp([value], [Cotangent(constant(1.0))], [bare(self.names[by.id])])
            name = f"gradient{len(self.names)}"
            self.names[name] = Tensor(found)
            return ast.copy_location(ast.Name(name, ast.Load()), call)
        return self.generic_visit(call)


def text_of(node, taken=()):
    sheet = written([node], taken)
    return Text(taken).program(sheet.lines, sheet.results[0])


def close(a, b, tolerance=1e-11):
    a, b = np.asarray(a, float), np.asarray(b, float)
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
