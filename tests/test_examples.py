"""The shell scripts of the examples do what they say, with gradcli as it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
LAST_LINES = {
    "gradient_check.sh": "largest difference: 0",
    "descent.sh": "value  0.0625834",
    "sweep.sh": "101 answers, all of them fine",
    "ci.sh": "7 passed",
    "statuses.sh": "it could not be computed",
}


def run(name, tmp_path, text=None):
    """Run a script (or an edited one) with the gradcli of this Python first on the path."""
    script = EXAMPLES / name
    if text is not None:
        script = tmp_path / name
        script.write_text(text)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", str(script)], env={**os.environ, "PATH": path}, cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_script_is_listed_and_strict():
    scripts = sorted(EXAMPLES.glob("*.sh"))
    assert {script.name for script in scripts} == set(LAST_LINES)
    for script in scripts:
        assert "set -euo pipefail" in script.read_text()
        assert os.access(script, os.X_OK)


@pytest.mark.parametrize("name", LAST_LINES)
def test_script(name, tmp_path):
    done = run(name, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == LAST_LINES[name]
    assert done.stderr == ""


def test_a_wrong_gradient_fails_the_build(tmp_path):
    text = (EXAMPLES / "gradient_check.sh").read_text().replace('"6,8,20"', '"3,4,10"')
    assert run("gradient_check.sh", tmp_path, text).returncode == 1
