"""Lists, dicts, tuples and strings: their elements and the methods they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, LimitError
from gradcli.language.static import static_item
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.indexing import index_value
from gradcli.ops.values import MAX_ITEMS, describe, tensor, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.language.runtime import Runtime


class Member:
    """A method of a container, bound to it."""

    __slots__ = ("body", "name", "owner")

    def __init__(self, name: str, body: Callable[..., Any] | None, owner: Any) -> None:
        self.name = name
        self.body = body
        self.owner = owner

    def call(self, interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call it. Raises ArgumentError for arguments that it does not take."""
        if self.name == "format":
            from gradcli.language.formats import format_string

            return format_string(interpreter, self.owner, args, kwargs)
        if kwargs and self.name not in ("update", "sort"):
            raise ArgumentError(f"`{self.name}` takes no arguments by name")
        assert self.body is not None
        interpreter.iterations += 1
        try:
            return self.body(self.owner, *args, **kwargs)
        except (TypeError, ValueError, IndexError, KeyError):
            given = ", ".join(describe(bare(arg)) for arg in args) or "no arguments"
            what = describe(bare(self.owner) if not isinstance(self.owner, dict) else {})
            raise ArgumentError(f"`{self.name}` of {what} cannot take {given}") from None


def _extend(owner: list[Any], items: Any) -> None:
    more = list(items) if isinstance(items, (list, tuple, range, dict)) else None
    if more is None:
        raise TypeError
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
    return owner.pop(key, *default)


def _items(owner: dict[Any, Any]) -> list[Any]:
    return list(owner.items())


def _get(owner: dict[Any, Any], key: Any, default: Any = None) -> Any:
    return owner.get(key, default)


def _join(owner: str, items: Any) -> str:
    return owner.join(items) if isinstance(items, (list, tuple)) else owner.join(str(items))


def _replace(owner: str, old: str, new: str) -> str:
    found = owner.count(old)
    if len(owner) + found * len(new) > MAX_ITEMS:
        raise LimitError(f"a string would have more than {MAX_ITEMS:,} characters")
    return owner.replace(old, new)


def _padded(pad: Callable[..., str]) -> Callable[..., str]:
    def call(owner: str, width: Any, *fill: str) -> str:
        wanted = _place(width)
        if wanted > MAX_ITEMS:
            raise LimitError(f"a string would have more than {MAX_ITEMS:,} characters")
        return pad(owner, wanted, *fill)

    return call


MEMBERS: dict[type, dict[str, Callable[..., Any] | None]] = {
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
        "items": _items,
        "keys": lambda owner: list(owner),
        "values": lambda owner: list(owner.values()),
        "get": _get,
        "pop": _dict_pop,
        "update": dict.update,
        "setdefault": dict.setdefault,
        "copy": dict.copy,
    },
    str: {
        "join": _join,
        "upper": str.upper,
        "lower": str.lower,
        "strip": str.strip,
        "startswith": str.startswith,
        "endswith": str.endswith,
        "capitalize": str.capitalize,
        "title": str.title,
        "split": str.split,
        "replace": _replace,
        "ljust": _padded(str.ljust),
        "rjust": _padded(str.rjust),
        "center": _padded(str.center),
        "zfill": _padded(str.zfill),
        "format": None,
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
            return value[key]
        except (KeyError, TypeError):
            names = ", ".join(f"`{name}`" for name in list(value)[:5])
            hint = f"it has {names}" if names else "it is empty"
            raise ArgumentError("the dict has no such key", hint=hint) from None
    raise ArgumentError(f"{describe(bare(value))} cannot be indexed")


def _is_index(key: Any) -> bool:
    return isinstance(key, (tuple, list)) or (isinstance(key, Tensor) and key.ndim > 0)


def set_item(interpreter: Runtime, owner: Any, key: Any, value: Any, remove: bool = False) -> None:
    """`owner[key] = value`, or `del owner[key]`, for what is no tensor."""
    if isinstance(owner, dict):
        if not isinstance(key, (str, int, float)):
            raise ArgumentError("keys of a dict are strings or numbers")
        if remove:
            if key not in owner:
                raise ArgumentError("the dict has no such key")
            del owner[key]
        else:
            owner[key] = value
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
