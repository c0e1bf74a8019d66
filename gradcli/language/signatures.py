"""What functions take: arguments by parameter, and errors that show the signature."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError, Keyword, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_PARAMETER = re.compile(r"(\*{0,2})(\w+)(=?)")


def bind(
    name: str,
    positional: Sequence[str],
    needed: int,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    signature: Callable[[], str],
    named: Collection[str] = (),
) -> dict[str, Any]:
    """Arguments by parameter; those of the first `needed` parameters must be there.

    named: parameters that are given by name alone. Raises ArgumentError with the signature.
    """

    def mistake(message: str, near: str = "", **culprit: Any) -> ArgumentError:
        hint = f"{near} its signature is `{signature()}`".lstrip()
        return ArgumentError(message, hint=hint, **culprit)

    if len(args) > len(positional):
        count = counted(len(positional), "at most " if needed < len(positional) else "")
        raise mistake(f"`{name}` takes {count}, not {len(args)}", culprit=args[len(positional)])
    values = dict(zip(positional, args, strict=False))
    for keyword, value in kwargs.items():
        if keyword not in positional and keyword not in named:
            near = did_you_mean(keyword, [*positional, *named])
            raise mistake(f"`{name}` takes no argument `{keyword}`", near, culprit=Keyword(keyword))
        if keyword in values:
            raise mistake(f"`{name}` gets `{keyword}` twice", culprit=Keyword(keyword))
        values[keyword] = value
    for parameter in positional[:needed]:
        if parameter not in values:
            raise mistake(f"`{name}` needs a value for `{parameter}`")
    return values


def counted(number: int, before: str = "") -> str:
    """`no arguments`, `one argument`, `2 arguments`."""
    if not number:
        return "no arguments"
    return f"{before}one argument" if number == 1 else f"{before}{number} arguments"


class Signature:
    """A signature as it is written: `sorted(items, key=None, reverse=False)`.

    `*` before a parameter takes any number of arguments, `**` any names.
    """

    __slots__ = ("name", "named", "needed", "open", "positional", "rest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.name, _, inside = text.partition("(")
        self.positional: list[str] = []
        self.named: list[str] = []
        self.needed = 0
        self.rest = self.open = False
        for stars, name, default in _PARAMETER.findall(re.sub(r"=[^,)]*", "=", inside)):
            self.rest = self.rest or stars == "*"
            self.open = self.open or stars == "**"
            if stars:
                continue
            (self.named if self.rest else self.positional).append(name)
            self.needed += not default and not self.rest

    def check(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Raise ArgumentError, with the signature, for arguments that it does not take."""
        most = len(args) if self.rest else len(self.positional)
        if kwargs or not self.needed <= len(args) <= most:
            self.bind(args, kwargs)

    def bind(self, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Arguments by parameter, without those that `*` and `**` take. Raises ArgumentError."""
        given = args[: len(self.positional)] if self.rest else args
        named = [*self.named, *(kwargs if self.open else ())]
        return bind(
            self.name, self.positional, self.needed, given, kwargs, lambda: self.text, named
        )
