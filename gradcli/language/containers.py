"""Lists, dicts, tuples and strings: their elements and the methods they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, LimitError
from gradcli.language.iterators import VIEWS, Iterator, length
from gradcli.language.static import bounded, static_item
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.indexing import index_value
from gradcli.ops.values import MAX_ITEMS, describe, tensor, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.language.runtime import Runtime


class Member:
    """A method of a container, bound to it."""

    __slots__ = ("body", "name", "owner")

    def __init__(self, name: str, body: Callable[..., Any], owner: Any) -> None:
        self.name = name
        self.body = body
        self.owner = owner

    def call(self, interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call it. Raises ArgumentError for arguments that it does not take."""
        if kwargs and self.name not in ("update", "sort"):
            raise ArgumentError(f"`{self.name}` takes no arguments by name")
        interpreter.count(1)
        try:
            return self.body(self.owner, *args, **kwargs)
        except (TypeError, ValueError, IndexError, KeyError):
            given = ", ".join(describe(bare(arg)) for arg in args) or "no arguments"
            raise ArgumentError(
                f"`{self.name}` of {describe(self.owner)} cannot take {given}"
            ) from None


def require_key(key: Any) -> Any:
    """A key of a dict. Raises ArgumentError where it cannot be one."""
    if not isinstance(key, (str, int, float)):
        raise ArgumentError("keys of a dict are strings or numbers")
    return key


def _spread(items: Any) -> list[Any]:
    """The elements of what a method takes several from."""
    if isinstance(items, Iterator):
        return items.rest()
    if not isinstance(items, (list, tuple, range, dict, str, *VIEWS)):
        raise TypeError
    if length(items) > MAX_ITEMS:
        raise LimitError(f"a list would have more than {MAX_ITEMS:,} elements")
    return list(items)


def _extend(owner: list[Any], items: Any) -> None:
    more = _spread(items)
    if len(owner) + len(more) > MAX_ITEMS:
        raise LimitError(f"a list would have more than {MAX_ITEMS:,} elements")
    owner.extend(more)


def _place(value: Any) -> int:
    return int(whole(bare(value), "a position"))


def _pop(owner: list[Any], place: Any = -1) -> Any:
    return owner.pop(_place(place))


def _insert(owner: list[Any], place: Any, item: Any) -> None:
    owner.insert(_place(place), item)


def _dict_pop(owner: dict[Any, Any], key: Any, *default: Any) -> Any:
    return owner.pop(require_key(key), *default)


def _get(owner: dict[Any, Any], key: Any, default: Any = None) -> Any:
    return owner.get(require_key(key), default)


def _set_default(owner: dict[Any, Any], key: Any, default: Any = None) -> Any:
    return owner.setdefault(require_key(key), default)


def _update(owner: dict[Any, Any], *items: Any, **named: Any) -> None:
    owner.update(pairs_of(*items), **named)


def pairs_of(items: Any = ()) -> dict[Any, Any]:
    """A dict of another, or of pairs. Raises ArgumentError where they are none."""
    if isinstance(items, dict):
        return dict(items)
    pairs = [_spread(pair) for pair in _spread(items)]
    if any(len(pair) != 2 for pair in pairs):
        raise ArgumentError("a dict is made of pairs of a key and a value")
    return {require_key(key): value for key, value in pairs}


def _join(owner: str, items: Any) -> str:
    parts = _spread(items)
    total = sum([len(part) + len(owner) for part in parts])
    return bounded(total, lambda: owner.join(parts))


MEMBERS: dict[type, dict[str, Callable[..., Any]]] = {
    list: {
        "append": list.append,
        "extend": _extend,
        "insert": _insert,
        "pop": _pop,
        "reverse": list.reverse,
        "clear": list.clear,
        "copy": list.copy,
    },
    dict: {
        "items": dict.items,
        "keys": dict.keys,
        "values": dict.values,
        "get": _get,
        "pop": _dict_pop,
        "update": _update,
        "setdefault": _set_default,
        "copy": dict.copy,
    },
    str: {
        "join": _join,
        "upper": str.upper,
        "lower": str.lower,
        "strip": str.strip,
        "startswith": str.startswith,
        "endswith": str.endswith,
    },
}


def item_of(interpreter: Runtime, value: Any, key: Any) -> Any:
    """`value[key]` for what is no tensor."""
    if isinstance(value, (tuple, list, str, range)):
        if isinstance(value, (list, tuple)) and _is_index(key):
            # A list of numbers under a tensor's index is a tensor.
            return interpreter.wrapped(index_value(tensor(bare(value)), bare(key)), ())
        return static_item(value, bare(key))
    if isinstance(value, dict):
        try:
            return value[require_key(key)]
        except KeyError:
            names = ", ".join(f"`{name}`" for name in list(value)[:5])
            hint = f"it has {names}" if names else "it is empty"
            raise ArgumentError("the dict has no such key", hint=hint) from None
    raise ArgumentError(f"{describe(bare(value))} cannot be indexed")


def _is_index(key: Any) -> bool:
    return isinstance(key, (tuple, list)) or (isinstance(key, Tensor) and key.ndim > 0)


def set_item(interpreter: Runtime, owner: Any, key: Any, value: Any, remove: bool = False) -> None:
    """`owner[key] = value`, or `del owner[key]`, for what is no tensor."""
    if isinstance(owner, dict):
        if remove and require_key(key) not in owner:
            raise ArgumentError("the dict has no such key")
        if remove:
            del owner[key]
        else:
            owner[require_key(key)] = value
        return
    if not isinstance(owner, list):
        what = describe(bare(owner))
        hint = "a list can be changed: `list(t)`" if isinstance(owner, tuple) else ""
        raise ArgumentError(f"elements of {what} cannot be changed", hint=hint)
    if isinstance(key, (slice, tuple)):
        raise ArgumentError(
            "a list is changed one element at a time", hint="`array(y)` makes a tensor of it"
        )
    place = int(whole(bare(key), "an index"))
    if not -len(owner) <= place < len(owner):
        raise ArgumentError(f"index {place} is out of range for {len(owner)} elements")
    if remove:
        del owner[place]
    else:
        owner[place] = value
