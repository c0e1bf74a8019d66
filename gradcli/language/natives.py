"""Python's functions on values of the language as they are: `print`, `zip`, `jit`, ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, LimitError, NameProblem
from gradcli.language.assignment import element
from gradcli.language.containers import pairs_of
from gradcli.language.iterators import VIEWS, Iterator, live
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.values import MAX_ITEMS, count_items, describe, static_number, whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator as Steps

    from gradcli.language.runtime import Runtime

    Call = Callable[[Runtime, list[Any], dict[str, Any]], Any]

READ_ONLY = frozenset({"__future__", "typing", "collections", "dataclasses", "numpy.typing"})
"""Modules whose names are read and do nothing: annotations are for people."""

MODES = {
    "torch.no_grad": False,
    "torch.inference_mode": False,
    "torch.enable_grad": True,
    "torch.autograd.no_grad": False,
    "torch.autograd.enable_grad": True,
    "torch.autograd.set_detect_anomaly": None,
    "torch.autograd.detect_anomaly": None,
}
"""Contexts, and whether gradients are recorded within; None leaves that as it is."""


class Native:
    """A function that gets the interpreter and values of the language."""

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Call) -> None:
        self.name = name
        self.call = call


class GradMode(Native):
    """What `torch.no_grad()` gives: a context, and a decorator."""

    __slots__ = ("enabled",)

    def __init__(self, name: str, enabled: bool | None) -> None:
        super().__init__(name, self._decorate)
        self.enabled = enabled

    def resolve(self, current: bool) -> bool:
        """Whether gradients are recorded within, where `current` says it of outside."""
        return current if self.enabled is None else self.enabled

    def _decorate(self, interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Native:
        (function,) = _exactly(self.name, args, 1)
        inner = function

        def call(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
            before = interpreter.grad_enabled
            interpreter.grad_enabled = self.resolve(before)
            try:
                return interpreter.call_value(inner, args, kwargs)
            finally:
                interpreter.grad_enabled = before

        return Native(getattr(function, "name", "function"), call)


class Unused(Native):
    """A name that annotations use; calling it is an error."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__(name, self._refuse)

    def _refuse(self, interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
        raise NameProblem(f"`{self.name}` is read in annotations, and does nothing here")


def _exactly(name: str, args: list[Any], count: int) -> list[Any]:
    if len(args) != count:
        what = "one argument" if count == 1 else f"{count} arguments"
        raise ArgumentError(f"`{name}` takes {what}, not {len(args)}")
    return args


def _mode(name: str) -> Call:
    def call(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
        mode = GradMode(name, MODES[name])
        # `@torch.no_grad` without brackets decorates at once.
        return mode.call(interpreter, args, kwargs) if args and _is_function(args[0]) else mode

    return call


def _is_function(value: Any) -> bool:
    return hasattr(value, "parameters") or isinstance(value, Native)


def _set_grad_enabled(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    values = [*args, *kwargs.values()]
    (enabled,) = _exactly("torch.set_grad_enabled", values, 1)
    # As in PyTorch, it holds at once; as a context, for its block.
    interpreter.grad_enabled = interpreter.truth(enabled)
    return GradMode("torch.set_grad_enabled", interpreter.grad_enabled)


def _jit(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Compilers change nothing here: the function itself, or the decorator again."""
    return args[0] if args else Native("jit", _jit)


def _partial(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not args:
        raise ArgumentError("`partial` takes a function and arguments for it")
    function, *first = args

    def call(interpreter: Runtime, args: list[Any], more: dict[str, Any]) -> Any:
        return interpreter.call_value(function, [*first, *args], {**kwargs, **more})

    return Native(getattr(function, "name", "partial"), call)


def _print(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> None:
    between, end = kwargs.pop("sep", None), kwargs.pop("end", None)
    for option in kwargs:
        if option not in ("flush", "file"):
            raise ArgumentError(f"`print` takes no argument `{option}`")
    if kwargs.get("file") is not None:
        raise ArgumentError("`print` writes to no file here")
    between = " " if between is None else between
    end = "\n" if end is None else end
    if not isinstance(between, str) or not isinstance(end, str):
        raise ArgumentError("`sep` and `end` are strings")
    interpreter.output(between.join([interpreter.text(arg) for arg in args]) + end)


def _enumerate(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    start = kwargs.pop("start", args[1] if len(args) == 2 else 0)
    (items,) = _exactly("enumerate", args[:1], 1)
    first = whole(bare(start), "start")
    steps = ((place + first, item) for place, item in enumerate(interpreter.iterate(items)))
    return Iterator(interpreter, "enumerate", steps)


def _zip(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    strict = interpreter.truth(kwargs.pop("strict", False))
    _nothing_else("zip", kwargs)
    sources = [interpreter.iterate(arg) for arg in args]
    return Iterator(interpreter, "zip", _zipped(sources, strict))


def _zipped(sources: list[Steps[Any]], strict: bool) -> Steps[Any]:
    end = object()
    while sources:
        row = []
        for source in sources:
            item = next(source, end)
            if item is end:
                later = sources[len(row) + 1 :]
                if strict and (row or any(next(other, end) is not end for other in later)):
                    raise ArgumentError("`zip` got arguments of different lengths")
                return
            row.append(item)
        yield tuple(row)


def _nothing_else(name: str, kwargs: dict[str, Any]) -> None:
    for keyword in kwargs:
        raise ArgumentError(f"`{name}` takes no argument `{keyword}`")


def _list(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    _nothing_else("list", kwargs)
    return interpreter.elements(_exactly("list", args, 1)[0]) if args else []


def _tuple(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    _nothing_else("tuple", kwargs)
    return tuple(interpreter.elements(_exactly("tuple", args, 1)[0])) if args else ()


def _dict(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not args:
        return dict(kwargs)
    (items,) = _exactly("dict", args, 1)
    if not isinstance(items, dict):
        items = [interpreter.elements(pair) for pair in interpreter.elements(items)]
    return {**pairs_of(items), **kwargs}


def _reversed(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    _nothing_else("reversed", kwargs)
    (items,) = _exactly("reversed", args, 1)
    if isinstance(items, Tensor) and items.ndim:
        places = range(items.shape[0])[::-1]
        return Iterator(interpreter, "reversed", (element(interpreter, items, p) for p in places))
    if not isinstance(items, (list, tuple, range, str, dict, *VIEWS)):
        raise ArgumentError(f"{describe(items)} cannot be reversed", hint="`list(x)` can")
    return Iterator(interpreter, "reversed", live(reversed(items)))


def _sorted(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items = interpreter.elements(_exactly("sorted", args, 1)[0])
    backwards = interpreter.truth(kwargs.pop("reverse", False))
    key = kwargs.pop("key", None)
    _nothing_else("sorted", kwargs)


    def order(item: Any) -> Any:
        value = item if key is None else interpreter.call_value(key, [item], {})
        if isinstance(value, Tensor):
            return static_number(bare(value), "what is sorted")
        return value

    keys = [order(item) for item in items]
    count_items(keys)
    try:
        places = sorted(range(len(keys)), key=keys.__getitem__, reverse=backwards)
        return [items[place] for place in places]
    except TypeError:
        raise ArgumentError("`sorted` compares numbers, or strings") from None


def _map(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if len(args) < 2:
        raise ArgumentError("`map` takes a function and what to run it over")
    _nothing_else("map", kwargs)
    function, *sources = args
    rows = _zipped([interpreter.iterate(source) for source in sources], False)
    steps = (interpreter.call_value(function, list(row), {}) for row in rows)
    return Iterator(interpreter, "map", steps)


def _filter(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    function, source = _exactly("filter", args, 2)
    _nothing_else("filter", kwargs)

    def kept(item: Any) -> bool:
        return interpreter.truth(
            item if function is None else interpreter.call_value(function, [item], {})
        )

    items = interpreter.iterate(source)
    return Iterator(interpreter, "filter", (item for item in items if kept(item)))


def _str(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> str:
    text = interpreter.text(args[0]) if args else ""
    if len(text) > MAX_ITEMS:
        raise LimitError(f"a string would have more than {MAX_ITEMS:,} characters")
    return text


def _bool(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> bool:
    return interpreter.truth(args[0]) if args else False


def _callable(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> bool:
    (value,) = _exactly("callable", args, 1)
    return describe(bare(value)) == "a function"


NATIVES: dict[str, Native] = {
    name: Native(name.rpartition(".")[2], call)
    for name, call in {
        "print": _print,
        "enumerate": _enumerate,
        "zip": _zip,
        "list": _list,
        "tuple": _tuple,
        "dict": _dict,
        "reversed": _reversed,
        "sorted": _sorted,
        "map": _map,
        "filter": _filter,
        "str": _str,
        "bool": _bool,
        "callable": _callable,
        "jit": _jit,
        "jax.jit": _jit,
        "torch.compile": _jit,
        "torch.jit.script": _jit,
        "torch.jit.trace": _jit,
        "functools.partial": _partial,
        "partial": _partial,
        "torch.set_grad_enabled": _set_grad_enabled,
        **{name: _mode(name) for name in MODES},
    }.items()
}
"""By name, dotted where a library has it."""
