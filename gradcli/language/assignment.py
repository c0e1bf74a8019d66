"""What stands on the left of `=`: names, tuples of them, elements; and reading elements back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, GradcliError, ShapeError, SyntaxProblem
from gradcli.graph import mark
from gradcli.language.containers import set_item
from gradcli.language.iterators import VIEWS, Lazy, length
from gradcli.language.places import span_of
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.elementwise import shape_text
from gradcli.ops.indexing import index_value
from gradcli.ops.values import tensor
from gradcli.ops.writing import placed_value, require_room

if TYPE_CHECKING:
    from gradcli.language.interpret import Interpreter
    from gradcli.language.runtime import Runtime


def assign(interpreter: Interpreter, target: ast.expr, value: Any) -> None:
    """`target = value`."""
    if isinstance(target, ast.Name):
        interpreter.scope.names[target.id] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        parts = _unpacked(interpreter, target, value)
        for part, item in zip(target.elts, parts, strict=True):
            assign(interpreter, part, item)
    elif isinstance(target, ast.Subscript):
        owner, key = _place(interpreter, target)
        interpreter.located(target, _store, interpreter, target, owner, key, value)
    elif isinstance(target, ast.Attribute):
        owner = interpreter.expression(target.value)
        interpreter.located(target, interpreter.set_member, owner, target, value)
    else:
        raise AssertionError("the parser lets nothing else stand there")


def _unpacked(interpreter: Interpreter, target: ast.Tuple | ast.List, value: Any) -> list[Any]:
    """As many elements of a value as there are targets. Raises ArgumentError otherwise."""
    wanted = len(target.elts)
    found = None
    if isinstance(value, (Tensor, range)):
        found = length(value) if isinstance(value, range) else (value.shape or (None,))[0]
    elif not isinstance(value, (tuple, list, dict, str, Lazy, *VIEWS)):
        found = 1
    parts = interpreter.elements(value, target) if found in (None, wanted) else []
    if len(parts) != wanted:
        values = len(parts) if found is None else found
        raise ArgumentError(
            f"{wanted} name{'s' * (wanted != 1)} for {values} value{'s' * (values != 1)}",
            span=span_of(target),
            hint="as many names as values; `_` takes what is not needed",
        )
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
        owner, key = _place(interpreter, target)
        left = interpreter.located(target, interpreter.item, owner, key)
        right = interpreter.expression(node.value)
        if isinstance(owner, Tensor):
            # The element is no tensor of its own: what holds it is written to.
            value = interpreter.located(node, interpreter.binary, type(node.op), left, right)
        else:
            value = interpreter.located(node, interpreter.augmented, node, left, right)
        interpreter.located(target, _store, interpreter, target, owner, key, value)
    else:
        owner = interpreter.expression(target.value)
        left = interpreter.located(target, interpreter.attribute, target, owner)
        right = interpreter.expression(node.value)
        value = interpreter.located(node, interpreter.augmented, node, left, right)
        if value is not left:
            interpreter.located(target, interpreter.set_member, owner, target, value)


def _place(interpreter: Interpreter, target: ast.Subscript) -> tuple[Any, Any]:
    """What `owner[key] = ...` writes to, and where. Raises ArgumentError for a copy."""
    inner = target.value
    if isinstance(inner, ast.Subscript):
        outer = interpreter.expression(inner.value)
        owner = interpreter.located(inner, interpreter.subscript, inner, outer)
        tensors = isinstance(outer, Tensor) and isinstance(owner, Tensor)
        if tensors and owner.steps is None and not interpreter.is_number(owner):
            raise ArgumentError(
                "this would write into a copy, which nothing keeps",
                span=span_of(target),
                hint="one index writes: `y[mask, 0] = v`",
            )
    else:
        owner = interpreter.expression(inner)
    return owner, interpreter.key(target.slice)


def element(interpreter: Runtime, owner: Tensor, key: Any) -> Tensor:
    """`owner[key]`; what a loop wrote just before is found without building the whole tensor."""
    items = _position(owner, key)
    waiting = None if items is None else owner.element(items)
    made: Tensor
    if waiting is not None and items is not None:
        made = interpreter.wrapped(waiting, [owner], True)
        if interpreter.views_elements(owner):
            made.element_of(owner, items)
        return made
    made = interpreter.wrapped(index_value(owner.node, bare(key)), [owner])
    # In NumPy an element is a number, unless `...` asked for a view; in PyTorch it is a view.
    made.is_array = key is ... or (type(key) is tuple and any(part is ... for part in key))
    if made.steps is not None and interpreter.is_number(made):
        made.part()
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
    interpreter: Interpreter, place: ast.Subscript, owner: Any, key: Any, value: Any
) -> None:
    """`owner[key] = value`."""
    if not isinstance(owner, Tensor):
        set_item(interpreter, owner, key, value)
        return
    interpreter.require_writable(owner)
    try:
        put_value(owner, key, tensor(bare(value)))
    except GradcliError as error:
        # What explains errors is loaded where there is one.
        from gradcli.language import blame

        blame.index(interpreter, error, place, owner, key)
        raise
    # What was made of the value for that was written here.
    interpreter.sites[mark()] = place
    interpreter.wrote(owner, value, place)


def put_value(owner: Tensor, key: Any, value: Any) -> None:
    """Write into a tensor, for a value that is a node."""
    items = _position(owner, key)
    if items is not None and value.ndim == 0:
        require_room(owner.kind, value)
        owner.write(items, value)
        return
    found, node = placed_value(owner.node, bare(key), value)
    if found is None:
        owner.become(node)
    else:
        owner.write(found, node)


def rewritten(owner: Tensor, value: Any) -> Tensor:
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
    owner.become(node)
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
            raise SyntaxProblem(
                "`del` takes names and elements of lists and dicts", span=span_of(target)
            )
