"""What a small `eval --json` imports: every module of ours, by name, and no library but two.

A module that joins the list costs every start; take it in with STARTUP_UPDATE=1 if it must be.
"""

import os
import subprocess
import sys

SMALL = (
    "import sys\n"
    "from gradcli.cli.main import guarded\n"
    "guarded(['eval', 'sum(x**2)', '--x', '3,4,10', '--json'])\n"
    "print(*sys.modules, file=sys.stderr)\n"
)


def loaded():
    done = subprocess.run(
        [sys.executable, "-P", "-c", SMALL], capture_output=True, text=True, check=True
    )
    assert '"value": 125.0' in done.stdout
    return done.stderr.split()


def test_what_a_small_run_imports_of_ours(root):
    path = root / "tests" / "data" / "startup.txt"
    found = sorted(name for name in loaded() if name.split(".")[0] == "gradcli")
    if os.environ.get("STARTUP_UPDATE"):
        path.write_text("\n".join(found) + "\n", encoding="utf-8")
    known = path.read_text(encoding="utf-8").split()
    assert [name for name in found if name not in known] == []
    # One that went may go from the list too; the small run needs these at least.
    assert {"gradcli.engine.plan", "gradcli.session", "gradcli.run"} <= set(found)


def test_a_small_run_imports_no_library_but_numpy_and_click():
    ours = {"gradcli", "numpy", "click"}
    libraries = {name.split(".")[0] for name in loaded()}
    foreign = {
        name
        for name in libraries - ours - set(sys.stdlib_module_names)
        if not name.startswith(("_", "sitecustomize", "usercustomize", "coverage", "cython"))
    }
    assert foreign == set()
