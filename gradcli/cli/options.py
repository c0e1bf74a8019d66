"""The options that commands share: the text of each is written once, here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.settings import Settings

PROGRAM = [
    click.argument("expression", required=False, metavar="EXPRESSION"),
    click.option(
        "-f",
        "--file",
        metavar="FILE[:NAME]",
        help="Read the program from FILE (- for stdin), or its function NAME.",
    ),
    click.option(
        "-e",
        "--line",
        "lines",
        multiple=True,
        metavar="LINE",
        help="A line of the program (repeatable).",
    ),
    click.option("--inputs", metavar="FILE", help="Inputs by name from a .npz or .json file."),
    click.option("--let", metavar="NAME=VALUE", help="Give an input whose name is an option."),
]
WRT = click.option(
    "--wrt",
    multiple=True,
    metavar="NAMES",
    help="Differentiate by these inputs or parts (x, W[:,1]), or by none.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
_SHOWN = [
    click.option(
        "--precision", type=click.IntRange(1, 17), metavar="N", help="Print N significant digits."
    ),
    click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto",
        show_default=True, help="Colours on a terminal.",
    ),
]  # fmt: skip
_OUTPUT = [
    click.option(
        "--format", "style",
        type=click.Choice(["text", "json", "csv", "npy", "npz", "coo", "mtx"]),
        default="text", show_default=True, help="How to print the result (coo, mtx: sparse).",
    ),
    _JSON,
    click.option(
        "-o", "--output", metavar="FILE",
        help="Write to FILE (.json, .csv, .npy, .npz, .coo, .mtx), whole or not.",
    ),
    click.option("--get", metavar="NAME", help="One array alone: value, grad.x, jacobian.W."),
    click.option("--stats", is_flag=True, help="Say what it took: time, passes, memory."),
    *_SHOWN,
]  # fmt: skip
_RUN = [
    click.option(
        "--dtype",
        type=click.Choice(["float64", "float32"]),
        default="float64",
        show_default=True,
        help="Precision of the run.",
    ),
    click.option(
        "--random-seed", type=click.IntRange(0), metavar="N", help="Seed of rand and randn."
    ),
    click.option(
        "--threads", type=click.IntRange(1), metavar="N", help="Threads for large arrays."
    ),
]
_FINITE = click.option(
    "--finite", is_flag=True, help="Exit with 3 where a result is not finite, with no result."
)
_SECONDS = click.FloatRange(0, min_open=True)
_TIMEOUT = click.option(
    "--timeout", type=_SECONDS, metavar="SECONDS", help="Stop after so many seconds, with 3."
)
_EACH_TIMEOUT = click.option(
    "--timeout", "each_timeout", type=_SECONDS, metavar="SECONDS",
    help="Stop an answer after so many seconds.",
)  # fmt: skip
_BOUNDS = [
    click.option("--max-memory", metavar="SIZE", help="Memory limit, as in 4G."),
    click.option("--max-nodes", type=click.IntRange(1), metavar="N", help="Graph node limit."),
    click.option(
        "--max-nesting", type=click.IntRange(1), metavar="N", help="Bracket depth limit."
    ),
    click.option(
        "--max-iterations", type=click.IntRange(1), metavar="N", help="Limit of loops in all."
    ),
    click.option("--max-depth", type=click.IntRange(1), metavar="N", help="Limit of nested calls."),
    click.option(
        "--max-source", type=click.IntRange(1), metavar="N", help="Program size limit, characters."
    ),
]  # fmt: skip
LIMITS = [*_BOUNDS, _TIMEOUT]
_EACH_LIMITS = [*_BOUNDS, _EACH_TIMEOUT]


def request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that takes a program and inputs."""
    return program_options(WRT(command))


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same without --wrt, for a command that names what it differentiates by otherwise."""
    return add_options(command, [*PROGRAM, *_OUTPUT, *_RUN, _FINITE, *LIMITS])


def add_options(command: Callable[..., Any], options: list[Any]) -> Callable[..., Any]:
    """Add options to a command, in that order."""
    for option in reversed(options):
        command = option(command)
    return command


def picture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command whose result is a picture, or the same as JSON."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Its numbers, as JSON.")
    return add_options(command, [*PROGRAM, WRT, as_json, *_SHOWN, *_RUN, *LIMITS])


def explanation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command whose result is a text, or the same as JSON."""
    style = click.option(
        "--format", "style", type=click.Choice(["text", "markdown", "json"]),
        default="text", show_default=True, help="How to print it.",
    )  # fmt: skip
    return add_options(command, [*PROGRAM, WRT, style, _JSON, *_SHOWN, *_RUN, *LIMITS])


def row_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that gives a result for each of many rows."""
    output = [
        click.option(
            "--format", "style", type=click.Choice(["text", "json", "jsonl", "csv", "npy", "npz"]),
            default="text", show_default=True, help="How to print the rows (text: as CSV).",
        ),
        _JSON,
        click.option(
            "-o", "--output", metavar="FILE",
            help="Write to FILE (.json, .jsonl, .csv, .npy, .npz), whole or not.",
        ),
        click.option("--get", metavar="NAME", help="One of them alone: value, grad.x."),
    ]  # fmt: skip
    return add_options(command, [*PROGRAM, WRT, *output, *_RUN, *LIMITS])


tangent_option = click.option(
    "--tangent",
    "tangents",
    multiple=True,
    metavar="NAME=VALUE",
    help="The direction in which an input or a part moves, of its shape, or `ones` (repeatable).",
)


def seed_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--seed, with what it is for."""
    return click.option("--seed", multiple=True, metavar="VALUE", help=text)


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that bound a run."""
    return add_options(command, LIMITS)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that bound each of many answers."""
    return add_options(command, _EACH_LIMITS)


def session_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a session: how numbers are shown, how they are computed."""
    return add_options(command, [*_SHOWN, *_RUN, *_EACH_LIMITS])


def chosen_limits(options: dict[str, Any]) -> dict[str, Any]:
    """The limits that were given, as `Settings` takes them."""
    from gradcli.cli.arguments import byte_count

    names = ("max_nodes", "max_nesting", "max_iterations", "max_depth", "max_source")
    limits = {name: options[name] for name in names if options[name] is not None}
    return {**limits, "max_memory": byte_count(options["max_memory"])}


def chosen_settings(options: dict[str, Any]) -> Settings:
    """Settings by the options that were given, of those that the command has."""
    from gradcli.settings import Settings

    return Settings(
        dtype=options.get("dtype") or "float64",
        random_seed=options.get("random_seed"),
        threads=options.get("threads"),
        **chosen_limits(options),
    )
