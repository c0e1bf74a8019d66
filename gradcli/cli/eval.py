"""`gradcli eval`: value and gradient."""

from __future__ import annotations

from typing import Any

import click

from gradcli.cli.options import request_options, seed_option
from gradcli.cli.request import Request, pasteable
from gradcli.cli.trust import (
    expect_options,
    hold_expectations,
    named_values,
    uncertainty_option,
)
from gradcli.errors import SeedError, UsageError


@click.command("eval")
@request_options
@seed_option("The vector v of the product v^T J, of the output's shape, or `ones`.")
@click.option("--no-grad", is_flag=True, help="The value alone.")
@click.option(
    "--order",
    type=click.IntRange(1),
    metavar="N",
    help="The N-th derivative, element by element, in place of the gradient.",
)
@expect_options
@uncertainty_option
@click.pass_context
def eval_command(context: click.Context, /, **options: Any) -> None:
    """Value and gradient of EXPRESSION at the inputs given as --NAME VALUE.

    \b
      gradcli eval "sum(x**2)" --x 3,4,10
      gradcli eval "exp(x - sum(x))" --x 1,2,3 --seed ones
      gradcli eval "A @ x" --A "1,2;3,4" --x -1,2 --seed 1,0
      gradcli eval "sin(x)" --x "linspace(0,1,5)" --order 4
    """
    from gradcli.render.layout import result_lines

    request = Request(context, options)
    order = options["order"]
    if order is not None:
        _exclude(options, "order", "seed", "no_grad", "expect", "expect_grad", "uncertainty")
        request.answer(request.traced().derivative(order, request.wrt), result_lines)
        return
    if options["uncertainty"]:
        from gradcli.trust.uncertainty import propagate

        _exclude(options, "uncertainty", "seed", "no_grad", "expect", "expect_grad", "wrt")
        given = dict(named_values(request, "uncertainty", "the uncertainty of"))
        request.answer(propagate(request.traced(), given), result_lines)
        return
    seeds = request.seeds
    traced = request.traced()
    try:
        result = traced.evaluate(seeds, request.wrt, not options["no_grad"])
    except SeedError as error:
        if seeds is None:
            error.notes = pasteable(request, len(traced.outputs))
        raise
    hold_expectations(request, result)
    from gradcli.doctor.bends import bends
    from gradcli.graph import ancestors

    if not options["no_grad"] and any(bends(node.op) for node in ancestors(traced.outputs)):
        from gradcli.trust.kinks import kink_notes

        result.notes = [*result.notes, *kink_notes(traced, seeds, request.wrt)]
    request.answer(result, result_lines)


def _exclude(options: dict[str, Any], option: str, *others: str) -> None:
    """Raise UsageError where another option was given that says nothing beside this one."""
    for other in others:
        if options[other]:
            names = [name.replace("_", "-") for name in (other, option)]
            raise UsageError(f"--{names[0]} and --{names[1]} exclude each other")
