"""How runs of cases look: text, JSON, and JUnit's XML for the machines that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import shortened
from gradcli.render.data import SCHEMA
from gradcli.render.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.render.layout import Line
    from gradcli.trust.running import Outcome
    from gradcli.trust.updating import Change

LONGEST = 100


def outcome_lines(outcomes: Sequence[Outcome], verbose: bool) -> Iterator[Line]:
    """Each case that failed (or each) with what differs, and how many passed."""
    for outcome in outcomes:
        if outcome.ok and not verbose:
            continue
        word = ("pass", "hint") if outcome.ok else ("FAIL", "error")
        name = printable(shortened(outcome.case.name, LONGEST))
        yield [word, (f"  {name}", "label"), (f"  {outcome.case.where}", "note")]
        for text in outcome.failures:
            yield [(f"  {printable(text)}", "")]
    yield [*summary(outcomes)]


def summary(outcomes: Sequence[Outcome]) -> Line:
    """How many cases failed and passed."""
    failed = sum(not outcome.ok for outcome in outcomes)
    line: Line = [(f"{failed} failed", "error"), (", ", "")] if failed else []
    return [*line, (f"{len(outcomes) - failed} passed", "hint")]


def change_lines(changes: Sequence[Change]) -> Iterator[Line]:
    """What `--update` recorded: the case, and each expectation before and after."""
    last = None
    for change in changes:
        case = change.outcome.case
        if case is not last:
            name = printable(shortened(case.name, LONGEST))
            yield [("updated", "hint"), (f"  {name}", "label"), (f"  {case.where}", "note")]
            last = case
        path = " ".join(map(str, change.path))
        after = shortened(str(change.new), LONGEST)
        before = "" if change.old is None else f"{shortened(str(change.old), LONGEST)} -> "
        yield [(f"  {path}  ", "axis"), (printable(before), "note"), (printable(after), "")]
    yield [(f"{len({id(change.outcome) for change in changes})} updated", "")]


def outcomes_object(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The JSON object of a run."""
    cases = [
        {
            "name": outcome.case.name,
            "file": outcome.case.path,
            "line": outcome.case.lines[""],
            "ok": outcome.ok,
            **({} if outcome.ok else {"failures": outcome.failures}),
        }
        for outcome in outcomes
    ]
    failed = sum(not outcome.ok for outcome in outcomes)
    return {
        "schema": SCHEMA, "command": "test", "ok": not failed,
        "passed": len(outcomes) - failed, "failed": failed, "cases": cases,
        "warnings": [], "notes": [],
    }  # fmt: skip


def junit(outcomes: Sequence[Outcome]) -> bytes:
    """The run as JUnit's XML: a suite for each file, a test case for each case."""
    from xml.etree import ElementTree

    root = ElementTree.Element("testsuites")
    suites: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        suites.setdefault(outcome.case.path, []).append(outcome)
    for path, several in suites.items():
        failed = sum(not outcome.ok for outcome in several)
        total = sum(outcome.seconds for outcome in several)
        suite = ElementTree.SubElement(
            root, "testsuite", name=path, tests=str(len(several)), failures=str(failed),
            errors="0", skipped="0", time=f"{total:.3f}",
        )  # fmt: skip
        for outcome in several:
            case = ElementTree.SubElement(
                suite, "testcase", classname=path, name=_xml(outcome.case.name), file=path,
                line=str(outcome.case.lines[""]), time=f"{outcome.seconds:.3f}",
            )  # fmt: skip
            if not outcome.ok:
                failure = ElementTree.SubElement(case, "failure", message=_xml(outcome.failures[0]))
                failure.text = _xml("\n".join(outcome.failures))
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return content + b"\n"


def _xml(text: str) -> str:
    """Text without the control characters that XML cannot hold."""
    return "".join(c if c in "\n\t" or c.isprintable() else repr(c)[1:-1] for c in text)
