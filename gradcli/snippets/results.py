"""Tuples with names, as PyTorch's functions return and print them: shapes, values with indices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.language.torch_text import size_text

if TYPE_CHECKING:
    from collections.abc import Callable


class Size(tuple[int, ...]):
    """A shape as PyTorch prints it."""

    __slots__ = ()

    def __str__(self) -> str:
        return size_text(self)

    __repr__ = __str__


class Fields(tuple[Any, ...]):
    """What a function with several results returns: `m.values`, `m.indices`."""

    _fields: tuple[str, ...]
    function: str

    def __new__(cls, function: str, names: tuple[str, ...], parts: list[Any]) -> Fields:
        made = super().__new__(cls, parts)
        made.function, made._fields = function, names
        return made

    def text_with(self, shown: Callable[[Any], str]) -> str:
        """What PyTorch prints, where `shown` tells what it prints for a part."""
        parts = [f"{name}={shown(part)}" for name, part in zip(self._fields, self, strict=True)]
        return f"torch.return_types.{self.function.replace('.', '_')}(\n" + ",\n".join(parts) + ")"
