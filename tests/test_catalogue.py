"""The catalogue: every function of the language, on the command line and in the pages of docs."""

import re
import shlex
from pathlib import Path

import make_ops_docs
import numpy as np
import pytest

from gradcli.catalogue import GROUPS, entries, look_up
from gradcli.cli.main import guarded
from gradcli.errors import NameProblem
from gradcli.ops.binding import SPELLED
from gradcli.render.catalogue import command_text

ROOT = Path(__file__).parent.parent
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)(?![\w.])")


@pytest.mark.parametrize("name", make_ops_docs.PAGES)
def test_pages_are_current(name):
    """The last digits of examples may differ from machine to machine."""
    made = make_ops_docs.PAGES[name]()
    kept = (ROOT / "docs" / name).read_text(encoding="utf-8")
    shape = [re.sub(r" +", " ", NUMBER.sub("#", text)) for text in (made, kept)]
    assert shape[0] == shape[1], f"python tests/make_ops_docs.py writes docs/{name} anew"
    numbers = [[float(x) for x in NUMBER.findall(text)] for text in (made, kept)]
    np.testing.assert_allclose(*numbers, rtol=1e-4, atol=1e-6)


def test_every_function_is_in_one_group():
    listed = entries()
    assert len({entry.name for entry in listed}) == len(listed)
    assert {entry.function for entry in listed} == set(SPELLED.values())
    assert {entry.group for entry in listed} == set(GROUPS)
    assert [e.name for group in GROUPS for e in look_up(group)] == [e.name for e in listed]


@pytest.mark.parametrize(
    "name", ["tanh", "np.std", "torch.std", "F.relu", "clamp", "Tensor.view_as"]
)
def test_a_name_is_found_as_it_is_spelled(name):
    (entry,) = look_up(name)
    full = name.replace("F.", "torch.nn.functional.")
    assert full in entry.function.spellings or f"torch.{name}" in entry.function.spellings


def test_examples_are_what_their_commands_print(capsys):
    for entry in entries():
        lines = make_ops_docs.example_lines(entry)
        shown = "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)
        assert guarded(shlex.split(command_text(entry))[1:]) == 0, entry.name
        assert capsys.readouterr().out == shown, entry.name


def test_lists_fit_into_80_columns_without_colours(capsys):
    for argv in ([], ["reductions"], ["nn"], ["cross_entropy"], ["F.cross_entropy"]):
        assert guarded(["ops", *argv]) == 0
        for line in capsys.readouterr().out.splitlines():
            assert len(line) <= 80 or line.startswith("  $ "), line
            assert "\x1b" not in line


def test_a_sign_is_found():
    assert [look_up(sign)[0].name for sign in ("+", "**", "<=")] == ["add", "power", "less_equal"]


def test_a_name_that_is_none_has_its_nearest():
    with pytest.raises(NameProblem) as caught:
        look_up("softmx")
    assert "`softmax`" in caught.value.hint


def test_every_spelling_was_compared_with_its_library():
    """tests/peers/compare_ops.py writes the table; no name of the library is missing from it."""
    named = set(re.findall(r"`([^`]+)`", (ROOT / "docs" / "agreement.md").read_text("utf-8")))
    for spelling, function in SPELLED.items():
        library, _, rest = spelling.partition(".")
        if library in ("np", "scipy", "torch", "jnp", "jax"):
            assert {spelling, spelling.replace("torch.nn.functional.", "F.")} & named, spelling
        elif library == "Tensor":
            assert f".{rest}" in named, spelling
        elif all("." not in name for name in function.spellings):
            assert function.name in named, spelling
