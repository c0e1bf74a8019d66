"""`gradcli ops`: the functions of the language."""

from __future__ import annotations

import sys

import click

from gradcli.errors import UsageError


@click.command("ops")
@click.argument("name", required=False, metavar="[NAME|GROUP]")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@click.pass_context
def ops_command(context: click.Context, /, name: str | None, as_json: bool) -> None:
    """The functions of the language: what each computes, and its derivative.

    \b
      gradcli ops
      gradcli ops activations
      gradcli ops torch.nn.functional.gelu

    NAME is any spelling: `std`, `torch.std` and `np.std` are each what that library means. The
    derivative is written as its rule gives it: of numbers as it is, of tensors (v^T J) times a
    seed v of the value's shape.
    """
    from gradcli.catalogue import GROUPS, PRECISION, entries, look_up
    from gradcli.render import catalogue, text
    from gradcli.render.layout import Look

    for other in context.obj.texts:
        raise UsageError(f"there is no option `--{other}`", hint="`gradcli ops --help`")
    found = entries() if name is None else look_up(name)
    whole = name is not None and name not in GROUPS
    if as_json:
        from gradcli.render.data import json_text

        text.write_text(json_text(catalogue.catalogue_object(found, whole)) + "\n", sys.stdout)
        return
    look = Look(text.terminal_width(sys.stdout), PRECISION, text.ascii_only(sys.stdout))
    if name is None:
        lines = catalogue.overview_lines(found, look)
    elif whole:
        lines = catalogue.entry_lines(found[0], look)
    else:
        lines = catalogue.group_lines(found, look)
    text.print_lines(lines, sys.stdout)
