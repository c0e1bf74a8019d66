"""`gradcli test`: files of cases, for CI."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import click

from gradcli.errors import UsageError

if TYPE_CHECKING:
    from gradcli.trust.cases import Case, CaseFile
    from gradcli.trust.running import Outcome


@click.command("test")
@click.argument("files", nargs=-1, metavar="FILES...")
@click.option(
    "-k", "--select", "select", multiple=True, metavar="TEXT",
    help="Only cases whose name, program or file holds TEXT (repeatable: any of them).",
)  # fmt: skip
@click.option("--junit", metavar="FILE", help="Write JUnit's XML too, for CI servers.")
@click.option("--update", is_flag=True, help="Record what the cases give, and show what changed.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Worker processes.")
@click.option("-v", "--verbose", is_flag=True, help="List the cases that pass too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of text.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto",
    show_default=True, help="Colours on a terminal.",
)  # fmt: skip
@click.pass_context
def test_command(context: click.Context, /, **options: Any) -> None:
    """Run the cases in FILES (.toml or .jsonl; of a folder, all in it); exit 1 where one fails.

    A case is a program with its inputs and what is expected of it:

    \b
      [[case]]
      expr = "sum(x**2)"
      inputs = { x = [3, 4, 10] }
      value = 125
      grad = { x = [6, 8, 20] }

    It has `expr` or `file`, and `inputs`, `wrt`, `seed`, `dtype`, `random_seed`; it expects
    `value`, `grad`, `jacobian`, `hessian`, `outputs`, an `error`, or with `check = true` that other
    sources agree; `rtol` and `atol` say how closely. What stands above the first case is for all.
    """
    from gradcli.trust.cases import read_cases
    from gradcli.trust.running import run_all

    for name in context.obj.texts:
        raise UsageError(f"there is no option `--{name}`", hint="inputs stand in the cases")
    if not options["files"]:
        raise UsageError("there is no file", hint="as in `gradcli test cases.toml`")
    files = read_cases(list(options["files"]))
    cases = [case for file in files for case in file.cases if _selected(case, options["select"])]
    if not cases:
        raise UsageError("no case is selected", hint="-k takes a part of a name, program or file")
    outcomes = run_all(cases, options["jobs"], Progress(len(cases)))
    if options["update"]:
        _update(files, outcomes, options)
        return
    _report(outcomes, options)
    if not all(outcome.ok for outcome in outcomes):
        context.exit(1)


def _selected(case: Case, texts: tuple[str, ...]) -> bool:
    known = " ".join([case.name, case.fields.get("expr", ""), case.where]).lower()
    return not texts or any(text.lower() in known for text in texts)


class Progress:
    """Cases done so far, on a terminal's standard error."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = self.failed = 0
        self.shown = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, outcome: Outcome) -> None:
        self.done += 1
        self.failed += not outcome.ok
        if not self.shown:
            return
        last = self.done == self.total
        text = f"{self.done}/{self.total}" + (f", {self.failed} failed" if self.failed else "")
        with suppress(OSError):
            sys.stderr.write(f"\r{' ' * len(text)}\r" if last else f"\r{text}")
            sys.stderr.flush()


def _report(outcomes: list[Outcome], options: dict[str, Any]) -> None:
    from gradcli.render.cases import junit, outcome_lines, outcomes_object
    from gradcli.render.data import json_text
    from gradcli.render.text import print_lines, write_text

    if options["junit"] is not None:
        from gradcli.render.write import write_whole

        write_whole(options["junit"], partial(_put, junit(outcomes)))
    if options["as_json"]:
        write_text(json_text(outcomes_object(outcomes)) + "\n", sys.stdout)
    else:
        print_lines(outcome_lines(outcomes, options["verbose"]), sys.stdout, options["color"])


def _put(content: bytes, opened: IO[bytes]) -> int:
    return opened.write(content)


def _update(files: list[CaseFile], outcomes: list[Outcome], options: dict[str, Any]) -> None:
    from gradcli.render.cases import change_lines
    from gradcli.render.text import print_lines
    from gradcli.render.write import write_whole
    from gradcli.trust.updating import updated

    if options["as_json"] or options["junit"] is not None:
        raise UsageError("--update goes without --json and --junit")
    changes = []
    texts = []
    for file in files:
        mine = [outcome for outcome in outcomes if outcome.case.path == file.path]
        text, changed = updated(file, mine)
        changes += changed
        if changed:
            texts.append((file.path, text.encode()))
    # Nothing is written unless all of it can be.
    for path, content in texts:
        write_whole(path, partial(_put, content))
    print_lines(change_lines(changes), sys.stdout, options["color"])
