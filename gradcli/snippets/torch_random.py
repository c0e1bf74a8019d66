"""`torch.rand`, `torch.randn`, `torch.manual_seed` and their like, as PyTorch draws them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.language.dtypes import dtype_of
from gradcli.language.members import ANYWHERE
from gradcli.language.places import Nowhere
from gradcli.language.tensors import bare
from gradcli.ops.values import static_number, whole
from gradcli.snippets.arguments import named, sizes, variable
from gradcli.snippets.generators import TorchGenerator
from gradcli.snippets.promotion import INT
from gradcli.snippets.torch_methods import require_grad
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.snippets.script import Script

    Draw = Callable[[TorchGenerator, int, Any], Any]


def generator_of(script: Script, given: Any = None) -> TorchGenerator:
    """The generator that a call names, or PyTorch's own; unseeded it gets a seed, and says so."""
    if isinstance(given, TorchGenerator):
        return given
    if given is not None:
        raise ArgumentError("a generator is a `torch.Generator()`")
    if script.torch_generator is None:
        script.torch_generator = TorchGenerator(script.settings.seed())
    return script.torch_generator


def _drawn(
    script: Script, shape: tuple[int, ...], kwargs: dict[str, Any], draw: Draw, natural: Any = None
) -> Variable:
    """A tensor of random numbers; what is left in kwargs are options."""
    generator = generator_of(script, kwargs.pop("generator", None))
    dtype = dtype_of(kwargs.pop("dtype", None)) or natural or script.default_dtype
    wanted = bool(kwargs.pop("requires_grad", False))
    for option in kwargs.keys() - ANYWHERE:
        raise ArgumentError(f"there is no argument `{option}` here")
    script.eager.require_room(shape)
    numbers = draw(generator, math.prod(shape), dtype).reshape(shape)
    return require_grad(script, script.of_array(numbers.astype(dtype), "torch"), wanted)


def _sized(draw: Draw) -> Callable[..., Any]:
    def call(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return _drawn(script, sizes(script, args, kwargs), kwargs, draw)

    return call


def _like(draw: Draw) -> Callable[..., Any]:
    def call(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
        owner = variable(args[0] if args else kwargs.pop("input", None), "the first argument")
        return _drawn(script, owner.shape, kwargs, draw, owner.dtype)

    return call


def _uniform(generator: TorchGenerator, count: int, dtype: Any) -> Any:
    return generator.uniform(count, dtype)


def _normal(generator: TorchGenerator, count: int, dtype: Any) -> Any:
    return generator.normal(count, dtype)


def _randint(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    parts = {name: kwargs.pop(name) for name in ("low", "high", "size") if name in kwargs}
    names = ["low", "high", "size"][-len(args) - len(parts) :]
    # `randint(high, size)` or `randint(low, high, size)`.
    names = [name for name in names if name not in parts] if len(args) < 3 else names
    given: dict[str, Any] = dict(zip(names, args, strict=False)) | parts
    if "high" not in given or "size" not in given:
        raise ArgumentError("`torch.randint` takes a bound and a shape", hint="(0, 10, (3,))")
    low = int(whole(bare(given.get("low", 0)), "low"))
    high = int(whole(bare(given["high"]), "high"))
    if high <= low:
        raise ArgumentError(f"`torch.randint` needs low < high, not {low} and {high}")
    shape = sizes(script, [given["size"]], {})
    return _drawn(script, shape, kwargs, lambda g, n, dtype: g.integers(n, low, high), INT)


def _randperm(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    count = int(whole(bare(args[0] if args else kwargs.pop("n", None)), "n"))
    return _drawn(script, (count,), kwargs, lambda g, n, dtype: g.permutation(n), INT)


def _normal_of(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    options = {key: kwargs.pop(key) for key in list(kwargs) if key not in ("mean", "std", "size")}
    given = named("torch.normal", args, kwargs, {"mean": 0.0, "std": 1.0, "size": None})
    mean, std = given["mean"], given["std"]
    tensors = [one for one in (mean, std) if isinstance(one, Variable)]
    if not tensors:
        center, spread = static_number(mean, "the mean"), static_number(std, "std")
        shape = sizes(script, [given["size"] or ()], {})
        return _drawn(script, shape, options, lambda g, n, d: g.normal(n, d, center, spread))
    shape = np.broadcast_shapes(*[one.shape for one in tensors])
    plain = _drawn(script, shape, options, _normal, tensors[0].dtype)
    held = [one.value() if isinstance(one, Variable) else one for one in (mean, std)]
    return script.of_array((plain.value() * held[1] + held[0]).astype(plain.dtype), "torch")


def _seed(script: Script, args: list[Any], kwargs: dict[str, Any]) -> TorchGenerator:
    seed = whole(bare(named("manual_seed", args, kwargs, {"seed": None})["seed"]), "the seed")
    script.torch_generator = TorchGenerator(int(seed))
    return script.torch_generator


def _make_generator(script: Script, args: list[Any], kwargs: dict[str, Any]) -> TorchGenerator:
    # The seed that PyTorch gives one that nobody seeds.
    return TorchGenerator(67280421310721)


def _reseed(script: Script, owner: TorchGenerator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    owner.seed(int(whole(bare(named("manual_seed", args, kwargs, {"seed": None})["seed"]), "seed")))
    return owner


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch.rand": _sized(_uniform),
    "torch.randn": _sized(_normal),
    "torch.rand_like": _like(_uniform),
    "torch.randn_like": _like(_normal),
    "torch.randint": _randint,
    "torch.randperm": _randperm,
    "torch.normal": _normal_of,
    "torch.manual_seed": _seed,
    "torch.random.manual_seed": _seed,
    "torch.cuda.manual_seed": lambda script, args, kwargs: None,
    "torch.cuda.manual_seed_all": lambda script, args, kwargs: None,
    "torch.Generator": _make_generator,
}
GENERATOR_METHODS: dict[str, Callable[..., Any]] = {"manual_seed": _reseed}


# --- methods that fill a tensor ------------------------------------------------------------------


def _fill(draw: Callable[..., Any], parameters: dict[str, Any]) -> Callable[..., Any]:
    def call(script: Script, owner: Variable, args: list[Any], kwargs: dict[str, Any]) -> Any:
        generator = generator_of(script, kwargs.pop("generator", None))
        given = named(draw.__name__, args, kwargs, parameters)
        bounds = [static_number(bare(value), name) for name, value in given.items()]
        if owner.kind != "real":
            raise ArgumentError("only tensors with a point hold random numbers")
        numbers = draw(generator, math.prod(owner.shape), owner.dtype, *bounds)
        made = script.of_array(numbers.reshape(owner.shape), "torch")
        return script.write_whole(owner, made, Nowhere)

    return call


METHODS: dict[str, Callable[..., Any]] = {
    "uniform_": _fill(TorchGenerator.uniform, {"from": 0.0, "to": 1.0}),
    "normal_": _fill(TorchGenerator.normal, {"mean": 0.0, "std": 1.0}),
}
