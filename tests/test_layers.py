"""Imports point one way, and the start imports nothing that it does not need."""

import ast
import subprocess
import sys

import pytest

ORDER = [
    ("gradcli.errors",),
    ("gradcli.graph", "gradcli.clock"),
    ("gradcli.ops",),
    ("gradcli.autodiff", "gradcli.simplify", "gradcli.engine"),
    ("gradcli.algebra", "gradcli.emit"),
    ("gradcli.language",),
    ("gradcli.settings", "gradcli.results", "gradcli.files", "gradcli.programs"),
    ("gradcli.arrays", "gradcli.wrt", "gradcli.traced"),
    ("gradcli.shapes", "gradcli.derivation", "gradcli.derived"),
    ("gradcli.seeds",),
    ("gradcli.sparse",),
    ("gradcli.jacobians",),
    ("gradcli.derivatives",),
    ("gradcli.hessians",),
    ("gradcli.recording",),
    ("gradcli.passages",),
    ("gradcli.doctor",),
    ("gradcli.run",),
    ("gradcli.session", "gradcli.snippets"),
    ("gradcli.mapped",),
    ("gradcli.inputs", "gradcli.api", "gradcli.sampling", "gradcli.catalogue"),
    ("gradcli.trust",),
    ("gradcli.render",),
    ("gradcli.pictures",),
    ("gradcli.explanation",),
    ("gradcli.interactive",),
    ("gradcli.batch",),
    ("gradcli.cli",),
]


def rank(module):
    for place, group in enumerate(ORDER):
        for name in group:
            if module == name or module.startswith(name + "."):
                return place, name
    return None


def modules(root):
    for path in sorted((root / "gradcli").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), path


def imports(path):
    """Modules imported when the program runs (not those for type checkers only)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_imports_point_one_way(root):
    for module, path in modules(root):
        mine = rank(module)
        for imported in imports(path):
            theirs = rank(imported)
            if mine is None or theirs is None or mine[1] == theirs[1]:
                continue
            assert theirs[0] < mine[0], f"{module} imports {imported}"


def test_one_importer_of_click_and_one_of_rich(root):
    for module, path in modules(root):
        for imported in imports(path):
            head = imported.split(".")[0]
            assert head != "click" or module.startswith("gradcli.cli"), module
            assert head != "rich" or module.startswith("gradcli.render"), module
            assert head != "prompt_toolkit" or module == "gradcli.interactive.prompt", module
            assert head != "lark" or module == "gradcli.language.tables", module
            assert head != "matplotlib" or module == "gradcli.pictures.figures", module


@pytest.mark.parametrize("package", ["autodiff", "emit", "engine"])
def test_no_op_is_named_outside_the_table(root, package):
    from gradcli.graph import OPS
    from gradcli.ops import functions  # noqa: F401

    for module, path in modules(root):
        if not module.startswith(f"gradcli.{package}"):
            continue
        words = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not words & set(OPS), module


def test_files_are_held_in_mind(root):
    for module, path in modules(root):
        if not module.endswith("_tables"):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= 600, f"{module}: {lines} lines"


NEVER = {
    "rich",
    "prompt_toolkit",
    "lark",
    "scipy",
    "matplotlib",
    "torch",
    "difflib",
    "dataclasses",
    "numpy.random",
}


@pytest.mark.parametrize("extra", [["--json"], []])
def test_what_a_small_run_imports(extra):
    code = (
        "import sys\n"
        "from gradcli.cli.main import guarded\n"
        f"guarded(['eval', 'sum(x**2)', '--x', '3,4,10', *{extra!r}])\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    numpy = subprocess.run(
        [sys.executable, "-P", "-c", "import sys, numpy; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not (NEVER & set(done.stderr.split())) - set(numpy.stdout.split())


def test_the_python_interface_imports_no_command_line():
    code = "import sys, gradcli; gradcli.evaluate('1+1'); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not {"click", "rich", "gradcli.cli", "gradcli.render"} & loaded
