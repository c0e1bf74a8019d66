"""The `gradcli` command: finds the subcommand, runs it, and turns every error into one screen."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from itertools import pairwise
from typing import Any, NoReturn

import click

from gradcli.errors import ComputationError, GradcliError, UsageError, did_you_mean

COMMANDS = {
    "eval": "Value and gradient.",
    "jacobian": "The full Jacobian.",
    "derive": "The derivative as a formula.",
    "run": "A PyTorch or NumPy script, as written.",
    "hessian": "All second derivatives.",
    "jvp": "The product of the Jacobian with a direction.",
    "hvp": "The product of the Hessian with a direction.",
    "explain": "Every step of a value and its derivative.",
    "graph": "The computation as a picture.",
    "plot": "The function beside its derivative.",
    "check": "Derivatives from several sources side by side, and claims about them.",
    "doctor": "Where numbers lose digits, bend, or stop being finite.",
    "map": "The same at many points, row by row.",
    "test": "Files of cases: what programs are expected to give.",
    "vectors": "Reference vectors for the test suites of other libraries.",
    "batch": "Requests as JSON lines, answers in order.",
    "ops": "The functions there are: meaning, derivative, spellings.",
    "repl": "A calculator to sit down at.",
    "completion": "What makes a shell complete command lines.",
}

GUIDE = """\
gradcli computes derivatives of tensor expressions. Try:

  gradcli eval "sum(x**2)" --x 3,4,10
  gradcli jacobian "A @ x" --A "1,2;3,4" --x 5,6
  gradcli explain "x - sum(x)" --x 1,2,3 --seed ones
  gradcli plot "sin(x)*exp(-x**2)" --range x=-3:3

`gradcli repl` is a calculator to sit down at; `gradcli --help` lists all commands.
"""


class Commands(click.Group):
    """Subcommands by name, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            import_module(f"gradcli.cli.{cmd_name}"), f"{cmd_name}_command"
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(context: click.Context, option: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from gradcli import __version__

        click.echo(f"gradcli {__version__}")
        context.exit()


@click.group(cls=Commands, invoke_without_command=True)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Print the version.",
)  # fmt: skip
def gradcli() -> None:
    """Derivatives of tensor expressions."""


def run(argv: list[str]) -> int:
    """Run one command line; the exit status."""
    if not argv:
        click.echo(GUIDE, nl=False)
        return 0
    name, *rest = argv
    context = click.Context(gradcli, info_name="gradcli")
    if name.startswith("-"):
        return _call(gradcli, argv, "gradcli", None, None)
    command = gradcli.get_command(context, name)
    if command is None:
        hint = did_you_mean(name, list(COMMANDS))
        hint = hint or f"commands are {', '.join(COMMANDS)}"
        if any(sign in name for sign in "(+*-/@ "):
            hint = f"an expression follows its command: `gradcli eval {name!r}`"
        raise UsageError(f"there is no command `{name}`", hint=hint)
    return invoke(command, name, rest, {})


def invoke(command: click.Command, name: str, words: list[str], held: dict[str, Any]) -> int:
    """Call a command with what stands behind its name; the exit status. held: arrays by name."""
    from gradcli.cli.arguments import split

    passed, bindings = split(command, words)
    bindings.held = held
    return _call(command, passed, name, click.Context(gradcli, info_name="gradcli"), bindings)


def _call(
    command: click.Command,
    argv: list[str],
    name: str,
    parent: click.Context | None,
    bindings: Any,
) -> int:
    # Not click's own main: it would answer a closed pipe and Ctrl-C in its own ways.
    try:
        with command.make_context(name, argv, parent=parent, obj=bindings) as context:
            if context.params.get("timeout") is None:
                command.invoke(context)
            else:
                from gradcli.clock import within

                with within(context.params["timeout"]):
                    command.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        raise UsageError(error.format_message().rstrip(".")) from None
    return 0


def main() -> NoReturn:
    """Entry point: exits 0, 1, 2 or 3 as documented, 130 on Ctrl-C, 141 on a closed pipe."""
    # A run makes few reference cycles: looking for them often costs a tenth of the start, and much
    # more while a large graph is built.
    gc.freeze()
    gc.set_threshold(200_000, 50, 1000)
    sys.exit(guarded(sys.argv[1:]))


def guarded(argv: list[str]) -> int:
    """Run, and turn whatever happens into an exit status and one clear message."""
    try:
        try:
            return run(argv)
        except GradcliError:
            raise
        except MemoryError:
            raise ComputationError("memory ran out", hint="make the inputs smaller") from None
    except GradcliError as error:
        return report(error, argv)
    except BrokenPipeError:
        abandon_output()
        return 141
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        abandon_output()
        return report(ComputationError(f"the result could not be written: {error.strerror}"), argv)
    except Exception as error:
        # A mistake of ours: still one message, and no status that means something else.
        return report(bug(error), argv)


def bug(error: Exception) -> GradcliError:
    """What is told of a mistake of ours."""
    what = f"internal error: {type(error).__name__}: {error}"
    return ComputationError(what, hint="this is a bug in gradcli: please report it")


def abandon_output() -> None:
    """Give up standard output, so that what it holds back fails no more when the process ends."""
    if sys.stdout is not None:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (OSError, ValueError):
            return


def report(error: GradcliError, argv: list[str]) -> int:
    """Print an error for people on standard error, and for programs too where they asked."""
    from gradcli.render.text import print_error, write_text

    formats = [after for word, after in pairwise(argv) if word == "--format"]
    wants_json = "--json" in argv or "--format=json" in argv or formats[-1:] == ["json"]
    if wants_json:
        from gradcli.render.data import error_object, json_text

        command = argv[0] if argv and argv[0] in COMMANDS else None
        try:
            write_text(json_text(error_object(command, error)) + "\n", sys.stdout)
        except OSError:
            abandon_output()
    with suppress(OSError):
        print_error(error)
    return error.exit_status
