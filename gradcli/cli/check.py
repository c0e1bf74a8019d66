"""`gradcli check`: derivatives from independent sources side by side, and claims about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.options import request_options, seed_option
from gradcli.cli.request import Request
from gradcli.cli.trust import tolerance_options
from gradcli.errors import UsageError

if TYPE_CHECKING:
    from gradcli.run import Run
    from gradcli.trust.claims import Claim


@click.command("check")
@request_options
@seed_option("The vector v of the product v^T J, of the output's shape, or `ones`.")
@click.option(
    "--claim", "claims", multiple=True, metavar="NAME=VALUE",
    help="What you found for an input (of a Hessian NAME,NAME=VALUE); @FILE too (repeatable).",
)  # fmt: skip
@click.option("--jacobian", "jacobian", is_flag=True, help="Check the Jacobian.")
@click.option("--hessian", "hessian", is_flag=True, help="Check the Hessian.")
@click.option(
    "--order", type=click.IntRange(1, 2), metavar="N", help="2 checks second derivatives."
)
@tolerance_options
@click.pass_context
def check_command(context: click.Context, /, **options: Any) -> None:
    """Compare the gradient of EXPRESSION by reverse mode with forward mode and with differences.

    Exit status 1 where they differ, or where a --claim does not hold.

    \b
      gradcli check "sum(x**2)" --x 3,4,10 --claim x=6,8,20
      gradcli check "A @ x" --A "1,2;3,4" --x 5,6 --jacobian --claim x=@mine.npy
      gradcli check "sum(x**3)" --x 1,2 --order 2
    """
    from gradcli.render.check import check_lines
    from gradcli.trust.checking import check

    request = Request(context, options)
    hessian = options["hessian"] or options["order"] == 2
    if hessian and options["jacobian"]:
        raise UsageError("--jacobian goes without --hessian and --order 2")
    kind = "hessian" if hessian else "jacobian" if options["jacobian"] else "grad"
    seeds = request.seeds
    if kind == "jacobian" and seeds is not None:
        raise UsageError("--seed and --jacobian exclude each other")
    run = request.traced()
    notes = []
    if kind == "grad" and seeds is None and any(node.size != 1 for node in run.outputs):
        kind = "jacobian"
        notes.append("of a tensor the Jacobian is checked; with --seed, the product with it")
    claims = [_claim(text, request, run) for text in options["claims"]]
    result = check(run, kind=kind, seed=seeds, wrt=request.wrt, claims=claims)
    if kind == "grad" and any(block.kinks for one in result.outputs for block in one.blocks):
        from gradcli.trust.kinks import kink_notes

        notes += kink_notes(run, seeds, request.wrt)
    result.notes = [*result.notes, *notes]
    request.answer(result, check_lines)
    if not result.ok:
        context.exit(1)


def _claim(text: str, request: Request, run: Run) -> Claim:
    """`x=6,8,20`, `x,y=@file.npy` of a Hessian, or `1:x=...` of the second output."""
    from gradcli.inputs import read_value
    from gradcli.trust.claims import Claim
    from gradcli.wrt import split_names

    name, equals, value = text.partition("=")
    which, colon, rest = name.partition(":")
    output = 0
    if colon and which.strip().isdecimal():
        output, name = int(which), rest
    labels = tuple(split_names([name]))
    if not equals or not 1 <= len(labels) <= 2:
        raise UsageError("--claim takes NAME=VALUE", hint="as in `--claim x=6,8,20`")
    if output >= len(run.outputs):
        count = len(run.outputs)
        raise UsageError(f"a claim is about output {output}, and there are {count}, from 0")
    array = read_value(f"the claim of {name.strip()}", value, request.settings)
    options = request.options
    return Claim(labels, array, rtol=options["rtol"], atol=options["atol"], output=output)
