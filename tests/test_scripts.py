"""Scripts under `gradcli run`, beside what Python and PyTorch print (tests/make_scripts.py)."""

import io
import re
from pathlib import Path

import pytest

from gradcli.settings import Settings
from gradcli.snippets.script import run_script

SCRIPTS = sorted((Path(__file__).parent / "data" / "scripts").glob("*.py"))


def printed(source, **settings):
    """What a script prints."""
    out = io.StringIO()
    run_script(source, None, Settings(**settings), out.write)
    return out.getvalue()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(path):
    found = re.sub(r"0x[0-9a-f]+", "0x0", printed(path.read_text(encoding="utf-8")))
    assert found == path.with_suffix(".out").read_text(encoding="utf-8")
