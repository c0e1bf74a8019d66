"""Running cases: what each gives, how that differs from what it expects; over several processes."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from gradcli.arrays import as_array
from gradcli.engine.threads import cores
from gradcli.errors import ComputationError, GradcliError, InputError, MissingInput
from gradcli.files import json_array
from gradcli.inputs import read_value
from gradcli.programs import file_and_function, read_program
from gradcli.session import Program
from gradcli.settings import Settings
from gradcli.trust.cases import EXPECTED, Case
from gradcli.trust.checking import check
from gradcli.trust.expecting import Tolerance, difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    from gradcli.run import Run

    Array = np.ndarray[Any, Any]

CASES_PER_PROCESS = 20
"""Cases that are worth another process: it takes as long to start as some of them to run."""


class Outcome:
    """What became of a case: nothing in `failures` says that it passed.

    found: what it gives of what it expects (values are arrays or nested dicts of them, of `error`
    the error's message), for `update`.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.failures: list[str] = []
        self.found: dict[str, Any] = {}
        self.seconds = 0.0

    @property
    def ok(self) -> bool:
        return not self.failures


def run_case(case: Case) -> Outcome:
    """Run a case. Never raises for what a case holds."""
    outcome = Outcome(case)
    start = time.perf_counter()
    try:
        _run(case, outcome)
    except GradcliError as error:
        _meet_error(case, outcome, error)
    except MemoryError:
        outcome.failures = ["memory ran out"]
    except Exception as error:
        # A mistake of ours must not end the cases that follow.
        outcome.failures = [f"internal error: {type(error).__name__}: {error}"]
    outcome.seconds = time.perf_counter() - start
    return outcome


def _meet_error(case: Case, outcome: Outcome, error: GradcliError) -> None:
    """An error that was expected, or was not."""
    expected = case.fields.get("error")
    outcome.found["error"] = error.message
    said = f"{error.kind} error: {error.message}"
    if expected is None:
        outcome.failures = [said, *([f"  hint: {error.hint}"] if error.hint else [])]
        return
    wanted = expected if isinstance(expected, dict) else {"message": expected}
    message, kind = str(wanted.get("message", "")), wanted.get("kind")
    right = message in error.message or (isinstance(expected, str) and expected == error.kind)
    if not right or kind not in (None, error.kind):
        shown = " ".join(str(wanted[name]) for name in ("kind", "message") if name in wanted)
        outcome.failures = [f"expected the error: {shown}", f"found {said}"]


def _run(case: Case, outcome: Outcome) -> None:
    fields = case.fields
    settings = Settings(dtype=fields.get("dtype", "float64"), random_seed=fields.get("random_seed"))
    run = _traced(case, settings)
    tolerance = Tolerance(fields.get("rtol"), fields.get("atol"))
    parts = fields.get("outputs")
    wanted = parts if parts is not None else [{k: fields[k] for k in EXPECTED if k in fields}]
    recorded = not case.expects
    asked = {name for part in wanted for name in part}
    if recorded:
        asked = {"value"}
        if "seed" in fields or all(node.size == 1 for node in run.outputs):
            asked.add("grad")
    found = _found(case, run, asked)
    if "error" in fields:
        outcome.failures = ["expected an error, and there was none"]
        return
    if recorded:
        outcome.failures = ["it expects nothing", "  hint: `gradcli test --update` records results"]
    if parts is None and len(found) == 1:
        outcome.found = found[0]
    else:
        outcome.found = {"outputs": found}
    if not recorded and len(wanted) != len(found):
        outcome.failures = [f"the program has {len(found)} outputs, not {len(wanted)}"]
        return
    for place, (part, one) in enumerate(zip(wanted, found, strict=not recorded)):
        where = f" of output {place}" if len(found) > 1 else ""
        for name, expected in part.items():
            outcome.failures += _compared(name, expected, one.get(name), where, tolerance)
    if fields.get("check"):
        outcome.failures += _checked(run, fields)


def _traced(case: Case, settings: Settings) -> Run:
    fields = case.fields
    entry = None
    if "expr" in fields:
        source, filename = fields["expr"], None
    else:
        path, entry = file_and_function(os.path.join(case.folder, fields["file"]))
        assert path is not None
        source, filename = read_program(path, settings.max_source)
    program = Program(source, filename=filename, settings=settings, entry=entry)
    inputs = {}
    for name, value in fields.get("inputs", {}).items():
        # Inputs of the whole file are for the programs that use them.
        if name in fields["_own"] or name in program.reads:
            inputs[name] = _value(case, name, value, settings)
    program.check_names(inputs)
    try:
        return program.trace(inputs)
    except MissingInput as error:
        error.give(f"give it in the case: inputs = {{ {error.name} = ... }}")
        raise


def _value(case: Case, name: str, value: Any, settings: Settings) -> Array:
    """A number, nested lists, or a string as --NAME takes it; files from the case's folder."""
    if not isinstance(value, str):
        return as_array(name, json_array(f"`{name}`", value), settings)
    if value.startswith("@"):
        if value.startswith("@-"):
            raise InputError(f"`{name}` cannot be standard input")
        value = "@" + os.path.join(case.folder, value[1:])
    return read_value(name, value, settings)


def _found(case: Case, run: Run, asked: set[str]) -> list[dict[str, Any]]:
    """What each output gives of what is asked for."""
    fields = case.fields
    wrt = fields.get("wrt")
    seed = fields.get("seed")
    if seed is not None and seed != "ones":
        several = len(run.outputs) > 1 and isinstance(seed, list)
        parts = seed if several else [seed]
        read = [one if one == "ones" else _value(case, "seed", one, run.settings) for one in parts]
        seed = read if several else read[0]
    results: dict[str, Any] = {}
    if "jacobian" in asked:
        results["jacobian"] = run.jacobian(wrt)
    if "hessian" in asked:
        results["hessian"] = run.hessian(wrt, seed)
    if asked <= {"value"} or "grad" in asked:
        results["grad"] = run.evaluate(seed, wrt, "grad" in asked)
    outputs = []
    for place in range(len(run.outputs)):
        one: dict[str, Any] = {"value": next(iter(results.values())).outputs[place].value}
        for name in asked - {"value"}:
            one[name] = getattr(results[name].outputs[place], name)
        outputs.append({name: one[name] for name in EXPECTED if name in asked and name in one})
    return outputs


def _compared(name: str, expected: Any, found: Any, where: str, tolerance: Tolerance) -> list[str]:
    """Differences of a value, or of derivatives by name."""
    if isinstance(found, dict):
        if not isinstance(expected, dict):
            return [f"`{name}`{where} is a table by input, as in {{ x = [1, 2] }}"]
        lines = []
        for key, part in expected.items():
            if key not in found:
                lines.append(f"there is no {name} by `{key}`{where}, but by {', '.join(found)}")
            else:
                lines += _compared(f"{name} {key}", part, found[key], where, tolerance)
        return lines
    try:
        array = json_array(f"`{name}`", expected)
    except GradcliError as error:
        return [error.message]
    return difference(f"{name}{where}", array, found, tolerance)


def _checked(run: Run, fields: dict[str, Any]) -> list[str]:
    """What `check` finds wrong, where a case asks for it."""
    seed = fields.get("seed")
    single = all(node.size == 1 for node in run.outputs)
    kind = "grad" if single or seed == "ones" else "jacobian"
    result = check(run, kind=kind, wrt=fields.get("wrt"), seed=seed if kind == "grad" else None)
    lines = []
    for output in result.outputs:
        for block in output.blocks:
            for source, one in block.sources.items():
                if one.differs:
                    name = " ".join(block.labels)
                    lines.append(f"check: {source} differs for {one.differs} elements of {name}")
    return lines


def run_all(
    cases: Sequence[Case], jobs: int | None, progress: Callable[[Outcome], None]
) -> list[Outcome]:
    """Run cases, in order, over `jobs` processes (by default as many as are worth it)."""
    if jobs is None:
        jobs = min(cores(), len(cases) // CASES_PER_PROCESS)
    outcomes = []
    for outcome in _outcomes(cases, min(jobs, len(cases))):
        outcomes.append(outcome)
        progress(outcome)
    return outcomes


def _outcomes(cases: Sequence[Case], jobs: int) -> Iterator[Outcome]:
    if jobs <= 1:
        yield from map(run_case, cases)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_quiet)
    try:
        yield from pool.map(run_case, cases, chunksize=max(1, min(16, len(cases) // (4 * jobs))))
    except BrokenProcessPool:
        raise ComputationError("a worker process has died") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _quiet() -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
