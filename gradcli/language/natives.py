"""Python's functions on values of the language as they are: `print`, `zip`, `jit`, ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, Keyword, LimitError, NameProblem
from gradcli.language.iterators import Lazy
from gradcli.language.signatures import Signature
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.values import MAX_ITEMS, count_items, describe, static_number, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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

    __slots__ = ("body", "name", "signature")

    def __init__(self, name: str, body: Call, signature: str = "") -> None:
        self.name = name
        self.body = body
        self.signature = Signature(signature) if signature else None

    def call(self, interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call it. Raises ArgumentError, with the signature, for arguments it does not take."""
        if self.signature is not None:
            self.signature.check(args, kwargs)
        return self.body(interpreter, args, kwargs)


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
        if len(args) != 1 or not _is_function(args[0]):
            raise ArgumentError(
                f"`{self.name}` goes before a function, or into `with`",
                hint=f"as in `with {self.name}():`, with a block below",
            )
        function = inner = args[0]

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
        raise NameProblem(
            f"`{self.name}` is read in annotations, and does nothing here",
            hint="leave the call out",
        )


def _mode(name: str) -> Call:
    def call(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
        mode = GradMode(name, MODES[name])
        # `@torch.no_grad` without brackets decorates at once.
        return mode.call(interpreter, args, kwargs) if args and _is_function(args[0]) else mode

    return call


def _is_function(value: Any) -> bool:
    return hasattr(value, "parameters") or isinstance(value, Native)


def _set_grad_enabled(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (enabled,) = [*args, *kwargs.values()]
    # As in PyTorch, it holds at once; as a context, for its block.
    interpreter.grad_enabled = interpreter.truth(enabled)
    return GradMode("torch.set_grad_enabled", interpreter.grad_enabled)


def _jit(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Compilers change nothing here: the function itself, or the decorator again."""
    return args[0] if args else Native("jit", _jit)


def _partial(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    function, *first = args

    def call(interpreter: Runtime, args: list[Any], more: dict[str, Any]) -> Any:
        return interpreter.call_value(function, [*first, *args], {**kwargs, **more})

    return Native(getattr(function, "name", "partial"), call)


def _print(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> None:
    between, end = kwargs.get("sep"), kwargs.get("end")
    if kwargs.get("file") is not None:
        raise ArgumentError("`print` writes to no file here", culprit=Keyword("file"))
    between = " " if between is None else between
    end = "\n" if end is None else end
    if not isinstance(between, str) or not isinstance(end, str):
        name = "end" if isinstance(between, str) else "sep"
        raise ArgumentError(f"`{name}` must be a string", culprit=Keyword(name))
    interpreter.output(between.join([interpreter.text(arg) for arg in args]) + end)


def _enumerate(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items = args[0] if args else kwargs["items"]
    first = whole(bare(kwargs.get("start", args[1] if len(args) == 2 else 0)), "start")
    steps = ((place + first, item) for place, item in enumerate(interpreter.iterate(items)))
    return Lazy(interpreter, "enumerate", steps)


def _zip(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    strict = interpreter.truth(kwargs.get("strict", False))
    sources = [interpreter.iterate(arg) for arg in args]
    return Lazy(interpreter, "zip", _zipped(sources) if strict else zip(*sources, strict=False))


def _zipped(sources: list[Iterator[Any]]) -> Iterator[Any]:
    """The rows of what must have one length."""
    end = object()
    while sources:
        row = tuple([next(source, end) for source in sources])
        if all(item is end for item in row):
            return
        if any(item is end for item in row):
            raise ArgumentError("`zip` got arguments of different lengths")
        yield row


def _list(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return interpreter.elements(args[0]) if args else []


def _tuple(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return tuple(interpreter.elements(args[0])) if args else ()


def _dict(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not args:
        return dict(kwargs)
    if isinstance(args[0], dict):
        return {**args[0], **kwargs}
    return {**dict_of(interpreter.elements(args[0])), **kwargs}


def dict_of(pairs: Any) -> dict[Any, Any]:
    """A dict of pairs. Raises ArgumentError where they are none."""
    pairs = list(pairs)
    if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
        raise ArgumentError(
            "a dict is made of pairs of a key and a value",
            hint="as in `dict(a=1, b=2)`, or `dict(zip(keys, values))`",
        )
    return {require_key(key): value for key, value in pairs}


def require_key(key: Any) -> Any:
    """A key of a dict. Raises ArgumentError where it cannot be one."""
    if not isinstance(key, (str, int, float)):
        raise ArgumentError(
            f"keys of a dict are strings or numbers, not {describe(bare(key))}", culprit=key
        )
    return key


def _reversed(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Lazy(interpreter, "reversed", interpreter.iterate(args[0], back=True))


def _sorted(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items = interpreter.elements(args[0])
    backwards = interpreter.truth(kwargs.get("reverse", False))
    key = kwargs.get("key")

    def order(item: Any) -> Any:
        value = item if key is None else interpreter.call_value(key, [item], {})
        return static_number(bare(value), "what is sorted") if isinstance(value, Tensor) else value

    keys = [order(item) for item in items]
    # What is compared may be nested, and small to write but endless.
    count_items(keys)
    try:
        places = sorted(range(len(keys)), key=keys.__getitem__, reverse=backwards)
    except TypeError:
        raise ArgumentError(
            "`sorted` compares numbers with numbers, and strings with strings",
            hint="`key=` says what to compare: `sorted(xs, key=lambda x: x[0])`",
        ) from None
    return [items[place] for place in places]


def _map(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    function, *sources = args
    interpreter.require_callable(function)
    rows = zip(*[interpreter.iterate(source) for source in sources], strict=False)
    steps = (interpreter.call_value(function, list(row), {}) for row in rows)
    return Lazy(interpreter, "map", steps)


def _filter(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
    function, source = args
    if function is not None:
        interpreter.require_callable(function)

    def kept(item: Any) -> bool:
        value = item if function is None else interpreter.call_value(function, [item], {})
        return interpreter.truth(value)

    return Lazy(interpreter, "filter", filter(kept, interpreter.iterate(source)))


def _str(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> str:
    text = interpreter.text(args[0]) if args else ""
    if len(text) > MAX_ITEMS:
        raise LimitError(
            f"a string would have more than {MAX_ITEMS:,} characters", hint="print parts of it"
        )
    return text


def _bool(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> bool:
    return interpreter.truth(args[0]) if args else False


def _callable(interpreter: Runtime, args: list[Any], kwargs: dict[str, Any]) -> bool:
    return describe(bare(args[0])) == "a function"


NATIVES: dict[str, Native] = {
    name: Native(name.rpartition(".")[2], call, signature)
    for name, (call, signature) in {
        "print": (_print, "print(*values, sep=' ', end='\\n', file=None, flush=False)"),
        "enumerate": (_enumerate, "enumerate(items, start=0)"),
        "zip": (_zip, "zip(*items, strict=False)"),
        "list": (_list, "list(items=[])"),
        "tuple": (_tuple, "tuple(items=[])"),
        "dict": (_dict, "dict(pairs={}, **items)"),
        "reversed": (_reversed, "reversed(items)"),
        "sorted": (_sorted, "sorted(items, *, key=None, reverse=False)"),
        "map": (_map, "map(function, items, *more)"),
        "filter": (_filter, "filter(function, items)"),
        "str": (_str, "str(value='')"),
        "bool": (_bool, "bool(value=False)"),
        "callable": (_callable, "callable(value)"),
        "jit": (_jit, ""),
        "jax.jit": (_jit, ""),
        "torch.compile": (_jit, ""),
        "torch.jit.script": (_jit, ""),
        "torch.jit.trace": (_jit, ""),
        "functools.partial": (_partial, "partial(function, *args, **kwargs)"),
        "partial": (_partial, "partial(function, *args, **kwargs)"),
        "torch.set_grad_enabled": (_set_grad_enabled, "set_grad_enabled(mode)"),
        **{name: (_mode(name), "") for name in MODES},
    }.items()
}
"""By name, dotted where a library has it."""
