"""Requests as JSON lines: one answer a request, in order, whatever the request holds."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from gradcli.clock import within
from gradcli.errors import (
    ComputationError,
    GradcliError,
    InputError,
    MissingInput,
    UsageError,
    did_you_mean,
)
from gradcli.files import json_array
from gradcli.inputs import read_value
from gradcli.jacobians import MODES
from gradcli.render.data import (
    described_error,
    json_text,
    named_arrays,
    result_object,
)
from gradcli.render.write import check_printable
from gradcli.session import Program
from gradcli.settings import Settings
from gradcli.wrt import split_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.results import Result
    from gradcli.run import Run
    from gradcli.shapes import Declared

    Command = Callable[[Program, dict[str, Any], dict[str, Any]], dict[str, Any]]

PROGRAMS = 512
"""How many parsed programs are kept; the one that was not used for longest goes first."""

COMMON = ("id", "command", "expr", "inputs", "dtype", "random_seed")
"""Fields of every request; each command has its own beside them."""


class Server:
    """Answers requests; equal programs with inputs of equal shapes are traced and planned once.

    limits: what `Settings` takes (max_memory, ...). allow_files: whether a request may name files.
    timeout: seconds that an answer may take.
    """

    def __init__(
        self, limits: dict[str, Any], allow_files: bool = False, timeout: float | None = None
    ) -> None:
        self.limits = limits
        self.allow_files = allow_files
        self.timeout = timeout
        self._programs: OrderedDict[Any, Program] = OrderedDict()

    def answer(self, line: bytes) -> bytes:
        """The answer to one line, without a line end. Never raises for what a line holds."""
        reply: dict[str, Any] = {"id": None, "ok": True}
        try:
            request = _parsed(line)
            reply["id"] = _id(request)
            with within(self.timeout):
                reply.update(self._result(request))
            return json_text(reply).encode()
        except GradcliError as error:
            wrong = error
        except MemoryError:
            wrong = ComputationError("memory ran out")
        except Exception as error:
            # A mistake of ours must not end the requests that follow.
            wrong = ComputationError(f"internal error: {type(error).__name__}: {error}")
        failed = {"id": reply["id"], "ok": False, "error": described_error(wrong)}
        return json_text(failed).encode()

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request.get("command", "eval")
        found = COMMANDS.get(name) if isinstance(name, str) else None
        if found is None:
            raise UsageError(f"there is no command {name!r}", hint=f"known are {list(COMMANDS)}")
        command, own = found
        fields = sorted((*COMMON, *own))
        unknown = [field for field in request if field not in fields]
        if unknown:
            hint = did_you_mean(unknown[0], fields) or f"it has {', '.join(fields)}"
            raise UsageError(f"a request for {name} has no field `{unknown[0]}`", hint=hint)
        program = self._program(request)
        given = request.get("inputs", {})
        if not isinstance(given, dict):
            raise UsageError("`inputs` is an object of names and values")
        used = {key: value for key, value in given.items() if key in program.reads}
        inputs = {key: self._value(key, value, program.settings) for key, value in used.items()}
        described = command(program, inputs, request)
        if program.settings.seed_was_picked:
            # Draws without a seed of their own are new ones each time.
            self._programs.popitem()
        for key in given:
            if key not in used:
                described["warnings"].append(f"the program does not use `{key}`")
        return {k: v for k, v in described.items() if k not in ("schema", "command", "expr")}

    def _program(self, request: dict[str, Any]) -> Program:
        """The parsed program; kept for the requests that follow."""
        source = request.get("expr")
        if not isinstance(source, str):
            raise UsageError("`expr` is the program, a string")
        dtype, seed = request.get("dtype", "float64"), request.get("random_seed")
        if not isinstance(seed, (int, type(None))) or isinstance(seed, bool):
            raise UsageError("`random_seed` is a whole number")
        key = (source, str(dtype), seed)
        program = self._programs.get(key)
        if program is None:
            settings = Settings(**{**self.limits, "dtype": dtype, "random_seed": seed})
            program = self._programs[key] = Program(source, settings=settings)
            if len(self._programs) > PROGRAMS:
                self._programs.popitem(last=False)
        self._programs.move_to_end(key)
        return program

    def _value(self, name: str, value: Any, settings: Settings) -> Any:
        """An input: a number, nested lists, or a string as --NAME takes it."""
        if isinstance(value, str):
            if value.strip().startswith("@-"):
                raise InputError(f"`{name}` cannot be standard input: requests come from there")
            if value.lstrip().startswith("@") and not self.allow_files:
                raise InputError(
                    f"`{name}` names a file, and requests may not", hint="--allow-files lets them"
                )
            return read_value(name, value.strip(), settings)
        return json_array(f"`{name}`", value)


def _id(request: dict[str, Any]) -> Any:
    """The id, if it can be sent back."""
    try:
        json_text(request.get("id"))
    except ValueError:
        raise UsageError("`id` holds a number that JSON has no word for") from None
    return request.get("id")


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON; as a string it is a number")


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise UsageError("the line is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"the line is not JSON: {error.msg} at column {error.colno}") from None
    except (RecursionError, ValueError) as error:
        what = "nests too deeply" if isinstance(error, RecursionError) else f"is not JSON: {error}"
        raise UsageError(f"the line {what}") from None
    if not isinstance(request, dict):
        raise UsageError("a request is a JSON object", hint='{"id": 1, "expr": "x**2", ...}')
    return request


def _names(request: dict[str, Any]) -> list[str] | None:
    wrt = request.get("wrt")
    if wrt is None or (isinstance(wrt, list) and all(isinstance(name, str) for name in wrt)):
        return wrt
    if isinstance(wrt, str):
        return split_names([wrt])
    raise UsageError("`wrt` is a list of names")


def _seed(request: dict[str, Any], run: Run) -> Any:
    """The seed; with several outputs, one of them for each in a list."""
    seed = request.get("seed")
    if seed is None or isinstance(seed, str):
        return seed if seed in (None, "ones") else json_array("`seed`", seed)
    if len(run.outputs) == 1 or not isinstance(seed, list):
        return json_array("`seed`", seed)
    return [item if item == "ones" else json_array("`seed`", item) for item in seed]


def _flag(request: dict[str, Any], name: str) -> bool:
    value = request.get(name, False)
    if not isinstance(value, bool):
        raise UsageError(f"`{name}` is true or false")
    return value


def _tangents(request: dict[str, Any]) -> dict[str, Any]:
    given = request.get("tangent", {})
    if not isinstance(given, dict):
        raise UsageError("`tangent` is an object of names and values")
    return {
        name: value if value == "ones" else json_array(f"the tangent of `{name}`", value)
        for name, value in given.items()
    }


def _eval(run: Run, request: dict[str, Any]) -> Result[Any]:
    order = request.get("order")
    if order is None:
        return run.evaluate(_seed(request, run), _names(request), not _flag(request, "no_grad"))
    if type(order) is not int or order < 1:
        raise UsageError("`order` is a whole number, at least 1")
    if "seed" in request or "no_grad" in request:
        raise UsageError("`order` goes with neither `seed` nor `no_grad`")
    return run.derivative(order, _names(request))


def _jacobian(run: Run, request: dict[str, Any]) -> Result[Any]:
    mode = request.get("mode", "auto")
    if mode not in MODES:
        raise UsageError(f"`mode` is one of {', '.join(MODES)}")
    flat = _flag(request, "flat")
    if _flag(request, "diag"):
        if flat or mode != "auto":
            raise UsageError("`diag` goes with neither `flat` nor `mode`")
        return run.jacobian(_names(request), diag=True)
    result = run.jacobian(_names(request), mode, sparse=_flag(request, "sparse"))
    return result.flat() if flat else result


def _shapes(request: dict[str, Any]) -> dict[str, Declared]:
    """Declared shapes by name: lists of names and whole numbers, or as --shape writes them."""
    from gradcli.shapes import read_shape

    given = request.get("shapes", {})
    if not isinstance(given, dict):
        raise UsageError("`shapes` is an object of names and shapes")
    shapes: dict[str, Declared] = {}
    for name, sizes in given.items():
        text = sizes if isinstance(sizes, str) else None
        if isinstance(sizes, list) and all(type(size) in (str, int) for size in sizes):
            text = ",".join([str(size) for size in sizes])
        if text is None:
            raise UsageError("a shape is a list of names and whole numbers", hint='as in ["n", 3]')
        key, shape = read_shape(f"{name}={text}")
        shapes[key] = shape
    return shapes


def _derive(program: Program, inputs: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    from gradcli.formulas import Request, derive
    from gradcli.render.formulas import derived_object

    wanted = Request(
        _names(request),
        request.get("order", 1),
        _flag(request, "jacobian"),
        request.get("format", "text"),
    )
    return derived_object("derive", "", derive(program, inputs, _shapes(request), wanted))


def _hvp(run: Run, request: dict[str, Any]) -> Result[Any]:
    return run.hvp(_tangents(request), _seed(request, run), _names(request))


def at_inputs(name: str, answer: Callable[[Run, dict[str, Any]], Result[Any]]) -> Command:
    """A command that runs the program at its inputs."""

    def command(
        program: Program, inputs: dict[str, Any], request: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            run = program.trace(inputs)
        except MissingInput as error:
            error.give("give it in `inputs`")
            raise
        result = answer(run, request)
        size = sum(array.size for array in named_arrays(result).values())
        check_printable(size, run.settings.max_memory)
        return result_object(name, "", result)

    return command


COMMANDS: dict[str, tuple[Command, tuple[str, ...]]] = {
    "eval": (at_inputs("eval", _eval), ("wrt", "seed", "no_grad", "order")),
    "jacobian": (at_inputs("jacobian", _jacobian), ("wrt", "mode", "flat", "diag", "sparse")),
    "hessian": (
        at_inputs(
            "hessian",
            lambda run, request: run.hessian(
                _names(request), _seed(request, run), sparse=_flag(request, "sparse")
            ),
        ),
        ("wrt", "seed", "sparse"),
    ),
    "jvp": (
        at_inputs("jvp", lambda run, request: run.jvp(_tangents(request))),
        ("tangent",),
    ),
    "hvp": (at_inputs("hvp", _hvp), ("wrt", "seed", "tangent")),
    "derive": (_derive, ("wrt", "shapes", "order", "jacobian", "format")),
}
"""What answers each command, and the fields that it takes."""
