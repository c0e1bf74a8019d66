"""What a half-typed name or file can become; shared by the session and the shells."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gradcli.language.members import METHODS
from gradcli.language.natives import NATIVES
from gradcli.language.static import BUILTINS
from gradcli.language.values import PROPERTIES
from gradcli.ops.binding import CONSTANTS, SPACES, SPELLED, load_all

if TYPE_CHECKING:
    from collections.abc import Iterable

TAIL = re.compile(r"[^\W\d][\w.]*$")
METHOD = re.compile(r"(?<=[\w)\]])\.(\w*)$")


class Candidate(NamedTuple):
    """What may stand in place of the last `length` signs of a text, and a word on it."""

    text: str
    length: int
    about: str = ""


def names_for(text: str, own: Iterable[str] = ()) -> list[Candidate]:
    """Names that the end of an expression can become: those given, functions, modules, methods.

    A function comes with its bracket, a module with its point.
    """
    load_all()
    found = TAIL.search(text)
    tail = found[0] if found else ""
    head, point, stem = tail.rpartition(".")
    known = list(own)
    if point and head in SPACES and head.partition(".")[0] not in known:
        return _within(head, stem)
    method = METHOD.search(text)
    if method is not None:
        stem = method[1]
        named = [Candidate(name, len(stem)) for name in PROPERTIES if _fits(name, stem)]
        calls = [f"{name}(" for name in _methods() if _fits(name, stem)]
        return _sorted([*named, *[Candidate(text, len(stem), "method") for text in calls]])
    if not tail:
        return []
    size = len(tail)
    candidates = [Candidate(name, size, "value") for name in known if _fits(name, tail)]
    for name, function in SPELLED.items():
        if "." not in name and name not in known and _fits(name, tail):
            candidates.append(Candidate(f"{name}(", size, _signature(name, function)))
    for name in [*BUILTINS, *NATIVES]:
        if name not in SPELLED and "." not in name and name not in known and _fits(name, tail):
            candidates.append(Candidate(f"{name}(", size, ""))
    for name in CONSTANTS:
        if "." not in name and name not in known and _fits(name, tail):
            candidates.append(Candidate(name, size, "constant"))
    for name in SPACES:
        if "." not in name and name not in known and _fits(name, tail):
            candidates.append(Candidate(f"{name}.", size, "module"))
    return _sorted(candidates)


def _within(space: str, stem: str) -> list[Candidate]:
    """Names of a module."""
    candidates = []
    for name, function in SPELLED.items():
        if name.startswith(f"{space}."):
            rest = name[len(space) + 1 :]
            if "." not in rest and _fits(rest, stem):
                candidates.append(Candidate(f"{rest}(", len(stem), _signature(rest, function)))
    for name in CONSTANTS:
        if name.startswith(f"{space}.{stem}"):
            candidates.append(Candidate(name[len(space) + 1 :], len(stem), "constant"))
    for name in SPACES:
        if name.startswith(f"{space}.{stem}") and "." not in name[len(space) + 1 :]:
            candidates.append(Candidate(name[len(space) + 1 :] + ".", len(stem), "module"))
    return _sorted(candidates)


def _methods() -> list[str]:
    """Methods of tensors: NumPy's where its arrays have them, and PyTorch's own."""
    bare = [name.partition(".") for name in SPELLED]
    numpys = [name for space, _, name in bare if space == "np" and hasattr(np.ndarray, name)]
    return sorted({*numpys, *METHODS, *[name for space, _, name in bare if space == "Tensor"]})


def _signature(name: str, function: object) -> str:
    signature = getattr(function, "signature", None)
    text = signature() if callable(signature) else ""
    return f"{name}{text[text.find('(') :]}" if text else ""


def _fits(name: str, stem: str) -> bool:
    """Whether a name goes on from what is typed; what begins with _ only where that does."""
    return name.startswith(stem) and name != "" and (stem.startswith("_") or name[0] != "_")


def _sorted(candidates: list[Candidate]) -> list[Candidate]:
    known = {candidate.text: candidate for candidate in reversed(candidates)}
    return sorted(known.values(), key=lambda one: (one.about != "value", one.text.lower()))


def files_for(text: str) -> list[Candidate]:
    """Files and folders that a path can become; folders end in a slash."""
    folder, _, stem = text.rpartition("/")
    base = os.path.expanduser(f"{folder}/" if "/" in text else "") or "."
    try:
        with os.scandir(base) as entries:
            found = [
                (entry.name + "/" if entry.is_dir() else entry.name)
                for entry in entries
                if entry.name.startswith(stem) and (stem.startswith(".") or entry.name[0] != ".")
            ]
    except OSError:
        return []
    return [Candidate(name, len(stem), "") for name in sorted(found)]
