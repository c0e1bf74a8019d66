"""Cases to compare with other libraries: expressions with inputs drawn by their names."""

import re

import numpy as np

NAME = re.compile(r"\b([a-z])(\d*)\b(?!\s*\()(?!\s*=[^=])")


def draw(letter, digits):
    """An input by its name: x y z w uniform, p positive, q well-conditioned, s symmetric, ..."""
    shape = tuple(int(digit) for digit in digits)
    random = np.random.default_rng([ord(letter), *shape])
    array = random.uniform(-2, 2, shape)
    if letter == "p":
        array = np.abs(array) + 0.3
    if letter in "qsd":
        array = array / 4 + 0.0
        rank = min(shape[-2:])
        array[..., np.arange(rank), np.arange(rank)] += 2 + 2 * np.arange(rank)
    if letter in "sd":
        array = (array + np.swapaxes(array, -1, -2)) / 2
    if letter == "m":
        return array > 0
    return array


def inputs_of(expr):
    text = re.sub(r"'[^']*'", "", expr)
    found = {}
    for match in NAME.finditer(text):
        letter, digits = match.groups()
        before = text[: match.start()]
        if before.endswith(".") or letter not in "xyzwpqsdm":
            continue
        found[letter + digits] = draw(letter, digits)
    return dict(sorted(found.items()))


def read(path):
    """Title, expressions by name, and the documented differences, from a file of cases.

    A name begins its line, its expressions are indented, and a difference on purpose stands below
    its expression behind an exclamation mark.
    """
    title, *lines = path.read_text().splitlines()
    cases, differences, name = {}, {}, ""
    for line in lines:
        text = line.strip()
        if text.startswith("!"):
            differences[cases[name][-1]] = text[1:].strip()
        elif line.startswith(" "):
            cases[name].append(text)
        elif text:
            name = text
            cases[name] = []
    return title, cases, differences


SPELLING = re.compile(r"(?<![\w.])(?:np|torch|jnp|F|jax|scipy)\.[\w.]*\w(?=\()")
METHOD = re.compile(r"(?:\)|\b[a-z]\d+)(\.\w+)(?=\()")
ASIDE = {"tensor", "array", "sin", "sum", "mm", "relu"}


def spelled(expr, name):
    """Functions and methods that an expression calls, less those that only make its operands."""
    found = [*SPELLING.findall(expr), *METHOD.findall(expr)]
    return {one for one in found if one.rpartition(".")[2] not in ASIDE - {name}}
