"""What stands on the left of `=`: names, tuples of them, elements; and reading elements back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, ShapeError, SyntaxProblem
from gradcli.language.containers import set_item
from gradcli.language.iterators import length
from gradcli.language.places import span_of
from gradcli.language.tensors import Tensor, bare, shares
from gradcli.ops.elementwise import shape_text
from gradcli.ops.indexing import index_value
from gradcli.ops.linear import index
from gradcli.ops.values import tensor
from gradcli.ops.writing import placed_value, require_room

if TYPE_CHECKING:
    from gradcli.language.interpret import Interpreter
    from gradcli.language.runtime import Runtime


def assign(interpreter: Interpreter, target: ast.expr, value: Any) -> None:
    """`target = value`."""
    kind = type(target)
    if kind is ast.Name:
        interpreter.scope.names[vars(target)["id"]] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        parts = _unpacked(interpreter, target, value)
        for part, item in zip(target.elts, parts, strict=True):
            assign(interpreter, part, item)
    elif isinstance(target, ast.Subscript):
        owner, keys = _place(interpreter, target)
        interpreter.located(target, _store, interpreter, owner, keys, value, target)
    elif isinstance(target, ast.Attribute):
        owner = interpreter.expression(target.value)
        interpreter.located(target, interpreter.set_member, owner, target, value)
    else:
        raise SyntaxProblem("only names and elements can be assigned to", span=span_of(target))


def _unpacked(interpreter: Interpreter, target: ast.Tuple | ast.List, value: Any) -> list[Any]:
    """As many elements of a value as there are targets. Raises ArgumentError otherwise."""
    wanted = len(target.elts)
    found = None
    if isinstance(value, (Tensor, range)):
        found = length(value) if isinstance(value, range) else (value.shape or (None,))[0]
    parts = interpreter.elements(value, target) if found in (None, wanted) else []
    if len(parts) != wanted:
        values = len(parts) if found is None else found
        raise ArgumentError(f"{wanted} names for {values} values", span=span_of(target))
    return parts


def augment(interpreter: Interpreter, node: ast.AugAssign) -> None:
    """`target += value` and its like: in place for tensors, as in NumPy and PyTorch.

    What the target is made of is evaluated once.
    """
    target = node.target
    if isinstance(target, ast.Name):
        load = ast.Name(id=target.id, ctx=ast.Load())
        ast.copy_location(load, target)
        left, right = interpreter.name(load), interpreter.expression(node.value)
        value = interpreter.located(node, interpreter.augmented, node, left, right)
        interpreter.scope.names[target.id] = value
    elif isinstance(target, ast.Subscript):
        owner, keys = _place(interpreter, target)
        left = owner
        for key in keys:
            left = interpreter.located(target, interpreter.item, left, key)
        right = interpreter.expression(node.value)
        # An element of a tensor is no tensor of its own: what holds it is written to.
        apply = interpreter.binary if isinstance(owner, Tensor) else interpreter.augmented
        what = type(node.op) if isinstance(owner, Tensor) else node
        value = interpreter.located(node, apply, what, left, right)
        interpreter.located(target, _store, interpreter, owner, keys, value, target)
    else:
        owner = interpreter.expression(target.value)
        left = interpreter.located(target, interpreter.attribute, target, owner)
        right = interpreter.expression(node.value)
        value = interpreter.located(node, interpreter.augmented, node, left, right)
        if value is not left:
            interpreter.located(target, interpreter.set_member, owner, target, value)


def _place(interpreter: Interpreter, target: ast.Subscript) -> tuple[Any, list[Any]]:
    """What `owner[key][key] = ...` writes to, and by which keys.

    A tensor is written to by all keys behind it: `y[i][j] = v` writes into y.
    """
    chain: list[ast.Subscript] = [target]
    while isinstance(chain[-1].value, ast.Subscript):
        chain.append(chain[-1].value)
    owner = interpreter.expression(chain[-1].value)
    keys: list[Any] = []
    for node in reversed(chain):
        key = interpreter.key(node.slice)
        if node is target or isinstance(owner, Tensor):
            keys.append(key)
        else:
            owner = interpreter.located(node, interpreter.item, owner, key)
    return owner, keys


def element(interpreter: Runtime, owner: Tensor, key: Any) -> Tensor:
    """`owner[key]`; what a loop wrote just before is found without building the whole tensor."""
    items = _position(owner, key)
    if items is not None:
        waiting = owner.written(items)
        below = owner.unwritten(items)
        if waiting is not None or below is not None:
            node = waiting if below is None else index(below, items)
            assert node is not None
            made = _element(interpreter, owner, key, node)
            if not interpreter.is_number(made) and made.storage is None:
                # The value that waits is no view of the owner; the element is.
                made.sharing(owner)
            return made
    return _element(interpreter, owner, key, index_value(owner.node, bare(key)))


def _element(interpreter: Runtime, owner: Tensor, key: Any, node: Any) -> Tensor:
    made: Tensor = interpreter.wrapped(node, [owner])
    # In NumPy an element is a number, unless `...` asked for a view; in PyTorch it is a view.
    made.held = key is ... or (type(key) is tuple and any(part is ... for part in key))
    if interpreter.is_number(made):
        made.storage = None
    return made


def _position(owner: Tensor, key: Any) -> tuple[int, ...] | None:
    """A key that selects one element, as positions from the start."""
    places = key if type(key) is tuple else (key,)
    if len(places) != owner.ndim or not all(type(place) is int for place in places):
        return None
    found = tuple([p + n if p < 0 else p for p, n in zip(places, owner.shape, strict=True)])
    inside = all(0 <= p < n for p, n in zip(found, owner.shape, strict=True))
    return found if inside else None


def _store(
    interpreter: Interpreter, owner: Any, keys: list[Any], value: Any, where: ast.AST
) -> None:
    """`owner[key] = value`, with several keys for a tensor."""
    if not isinstance(owner, Tensor):
        set_item(interpreter, owner, keys[0], value)
        return
    interpreter.require_writable(owner)
    node = tensor(bare(value))
    parts = [owner.node] if len(keys) > 1 else []
    for key in keys[:-1]:
        part = index_value(parts[-1], bare(key))
        if not shares(part, parts[-1]):
            raise ArgumentError(
                "this would write into a copy, which nothing keeps",
                hint="one index writes: `y[mask, 0] = v`",
            )
        parts.append(part)
    for part, key in zip(reversed(parts), reversed(keys), strict=False):
        temporary = Tensor(part)
        put_value(temporary, key, node, where)
        node = temporary.node
    if len(keys) == 1:
        put_value(owner, keys[0], node, where)
    else:
        owner.become(node, where)
    interpreter.wrote(owner, value, where)


def put_value(owner: Tensor, key: Any, value: Any, where: ast.AST | None) -> None:
    """Write into a tensor, for a value that is a node."""
    items = _position(owner, key)
    if items is not None and value.ndim == 0:
        require_room(owner.kind, value)
        owner.write(items, value, where)
        return
    found, node = placed_value(owner.node, bare(key), value)
    if found is None:
        owner.become(node, where)
    else:
        owner.write(found, node, where)


def rewritten(owner: Tensor, value: Any, where: ast.AST | None) -> Tensor:
    """A tensor that holds `value` from now on, under all its names: what writes in place do.

    Raises ShapeError where the shape would change, ArgumentError where whole numbers would not
    stay whole.
    """
    node = tensor(bare(value))
    if node.shape != owner.shape:
        raise ShapeError(
            f"writing in place cannot change shape {shape_text(owner.shape)} to "
            f"{shape_text(node.shape)}",
            hint="`y = y + x` makes a new tensor",
        )
    require_room(owner.kind, node)
    owner.become(node, where)
    return owner


def delete(interpreter: Interpreter, node: ast.Delete) -> None:
    """`del name`, `del d[key]`."""
    for target in node.targets:
        if isinstance(target, ast.Name):
            load = ast.copy_location(ast.Name(id=target.id, ctx=ast.Load()), target)
            interpreter.name(load)
            interpreter.scope.names.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            owner = interpreter.expression(target.value)
            key = interpreter.key(target.slice)
            interpreter.located(target, set_item, interpreter, owner, key, None, True)
        else:
            raise SyntaxProblem("`del` takes names and elements", span=span_of(target))
