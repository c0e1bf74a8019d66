"""Lists, dicts, tuples and strings: their elements and the methods they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, LimitError, did_you_mean
from gradcli.language.iterators import VIEWS, Lazy, length
from gradcli.language.natives import dict_of, require_key
from gradcli.language.signatures import Signature
from gradcli.language.static import out_of_range, static_item
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
        SIGNATURES[type(self.owner)][self.name].check(args, kwargs)
        assert self.body is not None
        interpreter.count(1)
        try:
            return interpreter.made(self.body(self.owner, *args, **kwargs))
        except TypeError:
            given = ", ".join(describe(bare(arg)) for arg in args)
            what = describe(type(self.owner)())
            raise ArgumentError(
                f"`{self.name}` of {what} cannot take {given}", culprit=args[0]
            ) from None


def _spread(items: Any) -> list[Any]:
    """The elements of what a method takes several from."""
    if isinstance(items, Lazy):
        return items.rest()
    sorts: Any = (list, tuple, range, dict, str, *VIEWS)
    if not isinstance(items, sorts):
        raise TypeError
    _require_room(length(items))
    return [*items]


def _extend(owner: list[Any], items: Any) -> None:
    more = _spread(items)
    _require_room(len(owner) + len(more))
    owner.extend(more)


def _append(owner: list[Any], item: Any) -> None:
    _require_room(len(owner) + 1)
    owner.append(item)


def _require_room(length: int) -> None:
    if length > MAX_ITEMS:
        raise LimitError(
            f"a list or string would have more than {MAX_ITEMS:,} elements",
            hint="a tensor may have more: `zeros`, `arange`, `concatenate`",
        )


def _pop(owner: list[Any], place: Any = -1) -> Any:
    position = int(whole(bare(place), "a position"))
    if not -len(owner) <= position < len(owner):
        raise out_of_range(position, len(owner))
    return owner.pop(position)


def _insert(owner: list[Any], place: Any, item: Any) -> None:
    _require_room(len(owner) + 1)
    owner.insert(int(whole(bare(place), "a position")), item)


def _dict_pop(owner: dict[Any, Any], key: Any, *default: Any) -> Any:
    if not default and require_key(key) not in owner:
        raise no_such_key(owner, key)
    return owner.pop(require_key(key), *default)


def no_such_key(owner: dict[Any, Any], key: Any) -> ArgumentError:
    """The error for a key that a dict does not have."""
    names = [repr(name) for name in owner]
    near = (
        did_you_mean(key, [name for name in owner if type(name) is str])
        if (type(key) is str)
        else ""
    )
    listed = f"it has {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"
    shown = f" {key!r}" if isinstance(key, (str, int, float)) else ""
    return ArgumentError(
        f"the dict has no key{shown}",
        hint=near or (listed if names else "it is empty"),
        culprit=key,
    )


def _get(owner: dict[Any, Any], key: Any, default: Any = None) -> Any:
    return owner.get(require_key(key), default)


def _set_default(owner: dict[Any, Any], key: Any, default: Any = None) -> Any:
    return owner.setdefault(require_key(key), default)


def _update(owner: dict[Any, Any], other: Any = None, **items: Any) -> None:
    pairs = () if other is None else other.items() if isinstance(other, dict) else _spread(other)
    owner.update(dict_of(pairs), **items)


def _join(owner: str, items: Any) -> str:
    parts = _spread(items)
    if not all(type(part) is str for part in parts):
        raise TypeError
    _require_room(sum(map(len, parts)) + len(owner) * len(parts))
    return owner.join(parts)


def _replace(owner: str, old: str, new: str) -> str:
    found = owner.count(old)
    if len(owner) + found * len(new) > MAX_ITEMS:
        raise LimitError(f"a string would have more than {MAX_ITEMS:,} characters")
    return owner.replace(old, new)


def _padded(pad: Callable[..., str]) -> Callable[..., str]:
    def call(owner: str, width: Any, *fill: str) -> str:
        wanted = int(whole(bare(width), "a width"))
        if wanted > MAX_ITEMS:
            raise LimitError(f"a string would have more than {MAX_ITEMS:,} characters")
        return pad(owner, wanted, *fill)

    return call


MEMBERS: dict[type, dict[str, Callable[..., Any] | None]] = {
    list: {
        "append": _append,
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


SIGNATURES: dict[type, dict[str, Signature]] = {
    kind: {text.partition("(")[0]: Signature(text) for text in texts}
    for kind, texts in {
        list: ("append(item)", "extend(items)", "insert(place, item)", "pop(place=-1)",
               "reverse()", "clear()", "copy()"),
        dict: ("items()", "keys()", "values()", "get(key, default=None)", "pop(key, default=None)",
               "update(other=None, **items)", "setdefault(key, default=None)", "copy()"),
        str: ("join(items)", "upper()", "lower()", "strip(signs=None)", "startswith(start)",
              "endswith(end)", "capitalize()", "title()", "split(sep=None)", "replace(old, new)",
              "ljust(width, fill=' ')", "rjust(width, fill=' ')", "center(width, fill=' ')",
              "zfill(width)"),
    }.items()
}  # fmt: skip


def item_of(interpreter: Runtime, value: Any, key: Any) -> Any:
    """`value[key]` for what is no tensor."""
    if isinstance(value, (tuple, list, str, range)):
        if isinstance(value, (list, tuple)) and _is_index(key):
            # A list of numbers under a tensor's index is a tensor.
            return interpreter.wrapped(index_value(tensor(bare(value)), bare(key)), ())
        return static_item(value, bare(key))
    if isinstance(value, dict):
        if require_key(key) not in value:
            raise no_such_key(value, key)
        return value[key]
    raise ArgumentError(
        f"{describe(bare(value))} cannot be indexed",
        hint="lists, tuples, dicts, strings and tensors have elements",
    )


def _is_index(key: Any) -> bool:
    return isinstance(key, (tuple, list)) or (isinstance(key, Tensor) and key.ndim > 0)


def set_item(interpreter: Runtime, owner: Any, key: Any, value: Any, remove: bool = False) -> None:
    """`owner[key] = value`, or `del owner[key]`, for what is no tensor."""
    if isinstance(owner, dict):
        require_key(key)
        if remove:
            if key not in owner:
                raise no_such_key(owner, key)
            del owner[key]
        else:
            owner[key] = value
        return
    if not isinstance(owner, list):
        what = describe(bare(owner))
        hint = "a list can be changed: `list(t)`" if isinstance(owner, tuple) else ""
        hint = hint or "those of lists, dicts and tensors can"
        raise ArgumentError(f"elements of {what} cannot be changed", hint=hint)
    if isinstance(key, (slice, tuple)):
        raise ArgumentError(
            "a list is changed one element at a time",
            hint="`array(y)` makes a tensor of it, whose parts can be written",
            culprit=key,
        )
    place = int(whole(bare(key), "an index"))
    if not -len(owner) <= place < len(owner):
        raise out_of_range(place, len(owner))
    if remove:
        del owner[place]
    else:
        owner[place] = value
