"""A wheel, built from the sources and installed elsewhere, works, tables and grammar included."""

import subprocess
import sys
import zipfile

import pytest


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    from pathlib import Path

    root = Path(__file__).parent.parent
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-P", "-m", "build", "--no-isolation", "--outdir", str(target)]
    done = subprocess.run([*command, str(root)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(target.glob("*.tar.gz"))) == 1
    (found,) = target.glob("*.whl")
    return found


def test_the_wheel_holds_what_it_should(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "gradcli/grammar/gradcli.lark",
        "gradcli/language/_tables.py",
        "gradcli/py.typed",
    } <= names
    assert not [name for name in names if name.startswith(("tests", "grammar", "examples"))]


def test_the_wheel_works_elsewhere(wheel, tmp_path):
    place = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(place), str(wheel)], check=True)
    code = (
        f"import sys; sys.path.insert(0, {str(place)!r})\n"
        "import gradcli\n"
        f"assert gradcli.__file__.startswith({str(place)!r})\n"
        "print(gradcli.evaluate('sum(x**2)', {'x': [3, 4, 10]}).grad['x'].tolist())\n"
        "assert 'lark' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "[6.0, 8.0, 20.0]\n"


def test_built_tables_are_those_of_the_grammar():
    from gradcli.language import tables

    built = tables.load()
    source = (tables.PACKAGED if tables.PACKAGED.exists() else tables.CHECKOUT).read_text()
    fresh = tables.compile_grammar(source, built.checksum)
    assert built.literals == fresh.literals
    assert built.rules == fresh.rules
    assert len(built.states) == len(fresh.states)


def test_stale_tables_are_rebuilt_in_memory(monkeypatch):
    from gradcli.language import tables

    _tables = pytest.importorskip("gradcli.language._tables")
    monkeypatch.setattr(_tables, "CHECKSUM", 0)
    monkeypatch.setattr(_tables, "STATES", None)
    assert len(tables.load().states) > 100
