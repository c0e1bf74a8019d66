"""Write docs/ops.md and docs/conventions.md: python tests/make_ops_docs.py.

Both are made of the tables of the library; what PyTorch and JAX give at kinks was recorded by
tests/peers/conventions.py.
"""

import json
from pathlib import Path

import numpy as np

from gradcli.catalogue import GROUPS, PRECISION, entries
from gradcli.graph import OPS
from gradcli.ops.conventions import EDGES
from gradcli.ops.elementwise import Elementwise
from gradcli.render.catalogue import command_text, entry_facts
from gradcli.render.layout import Look, result_lines

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "gradcli" / "ops" / "conventions.json"


# --- the reference of functions ------------------------------------------------------------------


def reference():
    """docs/ops.md."""
    lines = [
        "# Functions",
        "",
        "What `gradcli ops NAME` prints, for every function of the language. A bare name is "
        "NumPy's function, or PyTorch's where NumPy has none; `np.`, `torch.` and `jnp.` spell "
        "what each library means by the name. Made by `tests/make_ops_docs.py`; how all this "
        "compares with the libraries is in [agreement.md](agreement.md), and the derivatives at "
        "kinks and ties are in [conventions.md](conventions.md).",
    ]
    listed = entries()
    for group, (title, _) in GROUPS.items():
        lines += ["", f"## {group}", "", f"{title}."]
        for entry in listed:
            if entry.group == group:
                lines += described(entry)
    return "\n".join(lines) + "\n"


def described(entry):
    """The lines of one function."""
    facts = [f"- {name}: {shown(name, text)}" for name, text in entry_facts(entry)[1:]]
    printed = ["".join(t for t, _ in line) for line in example_lines(entry)]
    code = [f"    $ {command_text(entry)}", *[f"    {line}".rstrip() for line in printed]]
    return [
        "",
        f"### {entry.name}",
        "",
        f"`{entry.signature}`",
        "",
        entry.doc,
        "",
        *facts,
        "",
        *code,
    ]


def example_lines(entry):
    return result_lines(entry.example.result, Look(None, PRECISION))


def shown(name, text):
    """A fact, with names and formulas as code."""
    if name in ("domain", "convention") or text.startswith("long: "):
        return text
    if name in ("derivative", "v^T J"):
        by, _, formula = text.partition(": ")
        return f"by {by}: `{formula}`"
    if name == "valid":
        word, _, formula = text.partition(" ")
        return f"{word} `{formula}`"
    return ", ".join(f"`{part}`" for part in text.split(", "))


# --- conventions ---------------------------------------------------------------------------------


def numbers(parts):
    """Derivatives by each argument."""
    if parts in (None, "none"):
        return "none" if parts else ""
    arrays = [np.asarray(part, float) + 0.0 for part in parts]
    texts = [f"{a:.6g}" if not a.ndim else f"[{', '.join(f'{x:.6g}' for x in a)}]" for a in arrays]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def beside(key, here, recorded):
    """Cells of a line: what is here, in PyTorch and in JAX; those that differ are in bold."""
    cells = [numbers(here)]
    for library in ("PyTorch", "JAX"):
        there = numbers(recorded.get(key, {}).get(library))
        cells.append(f"**{there}**" if there not in ("", "none", cells[0]) else there)
    return cells


def conventions():
    """docs/conventions.md."""
    held = json.loads(RECORDED.read_text(encoding="utf-8"))
    recorded, versions = held["derivatives"], held["versions"]
    columns = " | ".join(f"{library} {version}" for library, version in versions.items())
    lines = [
        "# Conventions",
        "",
        "Where a function has no derivative, or more than one, this is what is returned. In this "
        "order: the derivative where it exists; the subgradient of least norm where the function "
        "is locally convex or concave; else what continuity gives. Ties share evenly. The branch "
        "that `where` does not take has no part in a derivative, at any order.",
        "",
        f"Beside it stands what PyTorch and JAX returned on {held['date']}, in bold where it is "
        "another number; an empty cell: the library has no such function; none: it has no "
        "derivative for it.",
        "",
        "## Kinks of functions of numbers",
        "",
        f"| function | at | here | {columns} |",
        "|---|---|---|---|---|",
    ]
    for row in OPS.values():
        if isinstance(row, Elementwise):
            for point, partials in row.kinks:
                at = ", ".join(f"{x:g}" for x in point)
                cells = beside(f"{row.name}{point}", partials, recorded)
                lines.append(f"| `{row.name}` | {at} | {' | '.join(cells)} |")
    lines += [
        "",
        "## Edges and ties of functions of many",
        "",
        "Gradients of the call at x, seeded with ones.",
        "",
        f"| call | x | here | {columns} | why |",
        "|---|---|---|---|---|---|",
    ]
    for edge in EDGES:
        at = f"[{', '.join(f'{x:g}' for x in edge.x)}]"
        cells = beside(f"{edge.call} at {edge.x}", [edge.gradient], recorded)
        lines.append(f"| `{edge.call}` | {at} | {' | '.join(cells)} | {edge.why} |")
    return "\n".join(lines) + "\n"


PAGES = {"ops.md": reference, "conventions.md": conventions}


def main():
    for name, make in PAGES.items():
        (ROOT / "docs" / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
