"""`np.random` and Python's `random`: their own generators, called with values of the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.language.places import Nowhere
from gradcli.language.tensors import bare
from gradcli.ops.values import whole
from gradcli.snippets.arguments import named
from gradcli.snippets.variable import Variable

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from gradcli.snippets.script import Script

DRAWS = {
    "rand": (),
    "randn": (),
    "random": ("size",),
    "random_sample": ("size",),
    "standard_normal": ("size",),
    "uniform": ("low", "high", "size"),
    "normal": ("loc", "scale", "size"),
    "exponential": ("scale", "size"),
    "randint": ("low", "high", "size"),
    "integers": ("low", "high", "size"),
    "choice": ("a", "size", "replace", "p"),
    "permutation": ("x",),
}
"""Draws of NumPy's generators and their parameters, of those that are supported."""


def legacy(script: Script) -> np.random.RandomState:
    """NumPy's global generator; an unseeded one gets a seed, and says so."""
    if script.numpy_generator is None:
        script.numpy_generator = np.random.RandomState(script.settings.seed() % 2**32)
    return script.numpy_generator


def _plain(script: Script, value: Any) -> Any:
    """A value as NumPy's generators take it: numbers, tuples of them, arrays."""
    if isinstance(value, Variable):
        array = value.value().astype(value.dtype)
        return array if array.ndim else array.item()
    if isinstance(value, (list, tuple)):
        return type(value)([_plain(script, item) for item in value])
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise ArgumentError("a generator takes numbers, shapes and arrays")


def _drawn(
    script: Script, generator: Any, name: str, args: list[Any], kwargs: dict[str, Any]
) -> Any:
    parameters = DRAWS[name]
    given = dict(zip(parameters, args, strict=False)) if parameters else {}
    given.update(kwargs)
    unknown = given.keys() - set(parameters)
    if unknown or (parameters and len(args) > len(parameters)):
        raise ArgumentError(f"`{name}` takes ({', '.join(parameters)})")
    found = {key: _plain(script, value) for key, value in given.items()}
    shape = found.get("size", tuple(args) if not parameters else ())
    shape = shape if isinstance(shape, tuple) else (shape or 1,)
    script.eager.require_room(tuple([int(whole(bare(extent), "a size")) for extent in shape]))
    try:
        if parameters:
            value = getattr(generator, name)(**found)
        else:
            value = getattr(generator, name)(*[_plain(script, arg) for arg in args])
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"`{name}`: {str(error).splitlines()[0]}") from None
    if isinstance(value, np.ndarray):
        return script.of_array(value, "np")
    return value.item() if isinstance(value, np.generic) else value


def _shuffle(script: Script, shuffle: Callable[[list[int]], Any], args: list[Any]) -> None:
    """Put a list, or the rows of a tensor, in the order that a generator puts their places."""
    if len(args) != 1:
        raise ArgumentError("`shuffle` takes what it puts in another order")
    (owner,) = args
    if isinstance(owner, list):
        order = list(range(len(owner)))
        shuffle(order)
        owner[:] = [owner[place] for place in order]
    elif isinstance(owner, Variable) and owner.ndim:
        order = list(range(owner.shape[0]))
        shuffle(order)
        made = script.made_of(owner.value()[order], owner.kind, owner.dtype, owner.library)
        script.write_whole(owner, made, Nowhere)
    else:
        raise ArgumentError("`shuffle` takes a list or an array")


def _seed_numpy(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    seed = whole(bare(named("seed", args, kwargs, {"seed": None})["seed"]), "the seed")
    script.numpy_generator = np.random.RandomState(_bounded(int(seed)))


def _bounded(seed: int) -> int:
    if not 0 <= seed < 2**32:
        raise ArgumentError("NumPy takes seeds from 0 to 2**32 - 1")
    return seed


def _default_rng(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    seed = named("default_rng", args, kwargs, {"seed": None})["seed"]
    if seed is not None:
        return np.random.default_rng(abs(int(whole(bare(seed), "the seed"))))
    script.generators_made += 1
    sequence = np.random.SeedSequence(script.settings.seed(), spawn_key=(script.generators_made,))
    return np.random.Generator(np.random.PCG64(sequence))


def _random_state(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
    seed = named("RandomState", args, kwargs, {"seed": None})["seed"]
    number = script.settings.seed() if seed is None else int(whole(bare(seed), "the seed"))
    return np.random.RandomState(_bounded(number))


def _of_global(name: str) -> Callable[..., Any]:
    return lambda script, args, kwargs: _drawn(script, legacy(script), name, args, kwargs)


def _of_generator(name: str) -> Callable[..., Any]:
    def call(script: Script, owner: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if name == "shuffle":
            return _shuffle(script, owner.shuffle, args)
        return _drawn(script, owner, name, args, kwargs)

    return call


def methods_of(kind: type) -> dict[str, Callable[..., Any]]:
    """The methods of NumPy's generators of a kind."""
    return {name: _of_generator(name) for name in [*DRAWS, "shuffle"] if hasattr(kind, name)}


# --- Python's own --------------------------------------------------------------------------------


def pythons(script: Script) -> random.Random:
    """Python's global generator; an unseeded one gets a seed, and says so."""
    if script.python_generator is None:
        import random

        script.python_generator = random.Random(script.settings.seed())
    return script.python_generator


def _seed_python(script: Script, args: list[Any], kwargs: dict[str, Any]) -> None:
    import random

    seed = whole(bare(named("seed", args, kwargs, {"a": None})["a"]), "the seed")
    script.python_generator = random.Random(int(seed))


def _of_python(name: str) -> Callable[..., Any]:
    def call(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Any:
        generator = pythons(script)
        if name == "shuffle":
            return _shuffle(script, generator.shuffle, args)
        if name in ("choice", "sample"):
            items = script.elements(args[0] if args else [], Nowhere)
            if not items:
                raise ArgumentError(f"`{name}` of nothing")
            args = [items, *[int(whole(bare(arg), "how many")) for arg in args[1:]]]
        else:
            args = [_plain(script, arg) for arg in args]
        try:
            return getattr(generator, name)(*args)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"`random.{name}`: {error}") from None

    return call


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "np.random.seed": _seed_numpy,
    "np.random.shuffle": lambda script, args, kwargs: _shuffle(
        script, legacy(script).shuffle, args
    ),
    "np.random.default_rng": _default_rng,
    "np.random.RandomState": _random_state,
    **{f"np.random.{name}": _of_global(name) for name in DRAWS if name != "integers"},
    "random.seed": _seed_python,
    **{
        f"random.{name}": _of_python(name)
        for name in (
            *("random", "uniform", "gauss", "normalvariate", "randint", "randrange"),
            *("shuffle", "choice", "sample"),
        )
    },
}
