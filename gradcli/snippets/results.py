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

    names: tuple[str, ...]
    function: str

    def __new__(cls, function: str, names: tuple[str, ...], parts: list[Any]) -> Fields:
        made = super().__new__(cls, parts)
        made.function, made.names = function, names
        return made

    def text_with(self, shown: Callable[[Any], str]) -> str:
        """What PyTorch prints, where `shown` tells what it prints for a part."""
        parts = [f"{name}={shown(part)}" for name, part in zip(self.names, self, strict=True)]
        return f"torch.return_types.{self.function.replace('.', '_')}(\n" + ",\n".join(parts) + ")"

    def get(self, name: str) -> Any:
        """The part of that name, or None."""
        return self[self.names.index(name)] if name in self.names else None


_NAMES = {
    ("values", "indices"): "max min sort topk kthvalue median nanmedian mode cummax cummin",
    ("eigenvalues", "eigenvectors"): "linalg.eigh linalg.eig",
    ("U", "S", "Vh"): "linalg.svd",
    ("Q", "R"): "linalg.qr",
    ("P", "L", "U"): "linalg.lu",
    ("sign", "logabsdet"): "linalg.slogdet slogdet",
    ("solution", "residuals", "rank", "singular_values"): "linalg.lstsq",
}
_BY_FUNCTION = {name: names for names, functions in _NAMES.items() for name in functions.split()}


def fields_of(function: str) -> tuple[str, ...]:
    """The names of the results of one of PyTorch's functions; none where they have none."""
    return _BY_FUNCTION.get(function, ())
