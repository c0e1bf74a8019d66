"""Options that commands share: what is expected, to what tolerance, how uncertain inputs are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gradcli.errors import ClaimError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.cli.request import Request
    from gradcli.results import Result

_RULE = "what is found and expected is the same where |difference| <= atol + rtol*|expected|."
_TOLERANCE = [
    click.option("--rtol", type=click.FloatRange(0), metavar="R", help=f"Relative: {_RULE}"),
    click.option("--atol", type=click.FloatRange(0), metavar="A", help=f"Absolute: {_RULE}"),
]
_EXPECT = [
    click.option(
        "--expect", multiple=True, metavar="VALUE",
        help="Exit with 1 unless the value is this (repeatable, for several outputs).",
    ),
    click.option(
        "--expect-grad", multiple=True, metavar="NAME=VALUE",
        help="Exit with 1 unless the gradient is this (repeatable).",
    ),
    *_TOLERANCE,
]  # fmt: skip

uncertainty_option = click.option(
    "--uncertainty", multiple=True, metavar="NAME=VALUE",
    help="Standard deviations of an input, or a covariance: the output's, and each one's share.",
)  # fmt: skip


def tolerance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--rtol and --atol, as in NumPy's allclose."""
    for option in reversed(_TOLERANCE):
        command = option(command)
    return command


def expect_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--expect and --expect-grad, with their tolerances."""
    for option in reversed(_EXPECT):
        command = option(command)
    return command


def named_values(request: Request, option: str, what: str) -> list[tuple[str, Any]]:
    """What stands after a repeatable NAME=VALUE option, read as arrays."""
    from gradcli.inputs import read_value

    found = []
    for text in request.options[option]:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            spelling = option.replace("_", "-")
            raise UsageError(f"--{spelling} takes NAME=VALUE", hint=f"as in `--{spelling} x=1,2`")
        name = name.strip()
        found.append((name, read_value(f"{what} {name}", value, request.settings)))
    return found


def hold_expectations(request: Request, result: Result[Any]) -> None:
    """Raise ClaimError, with both sides, unless a result is what was expected."""
    if not request.options["expect"] and not request.options["expect_grad"]:
        return
    from gradcli.inputs import read_value
    from gradcli.trust.expecting import Tolerance, difference

    tolerance = Tolerance(request.options["rtol"], request.options["atol"])
    values = [read_value("--expect", text, request.settings) for text in request.options["expect"]]
    count = len(result.outputs)
    if values and len(values) != count:
        raise UsageError(f"--expect is given {len(values)} times, and there are {count} outputs")
    lines: list[str] = []
    for place, (expected, output) in enumerate(zip(values, result.outputs, strict=False)):
        name = f"value {place}" if count > 1 else "value"
        lines += difference(name, expected, output.value, tolerance)
    for name, expected in named_values(request, "expect_grad", "the expected gradient of"):
        grads = [output.named().get("grad", {}) for output in result.outputs]
        if count > 1 or name not in grads[0]:
            known = ", ".join(grads[0]) or "no gradient"
            raise UsageError(
                f"--expect-grad {name}: there is no such gradient",
                hint="it is for one output" if count > 1 else f"there is {known}",
            )
        lines += difference(f"grad {name}", expected, grads[0][name], tolerance)
    if lines:
        first, *rest = lines
        raise ClaimError(first, notes=tuple(line.strip() for line in rest))
