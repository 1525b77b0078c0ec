"""Where results go: text for people, tables, JSON in a file or on standard output, and pictures.

A verb with `--json -` prints its result for machines on standard output and everything else on
standard error.
"""

import errno
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstspike.golden.files import naming, replace_file, replacing

from .errors import VerbError

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # takes a while to import

STANDARD_OUTPUT = "-"

PLACES = {"data", "output", "json_path", "plot_path", "port", "baud"}
"""Parameters that only say where something is, and not what is done."""

json_option = click.option(
    "--json",
    "json_path",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write the result as JSON; - is standard output, and all else goes to standard error.",
)


@contextmanager
def json_result(path: str | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Give a function that writes the verb's result, a dictionary, to `path`.

    `path` None drops it; "-" is standard output. A file is opened at once (`OSError`) and appears
    when the block ends.
    """
    if path is None:
        yield lambda result: None
    elif path == STANDARD_OUTPUT:
        yield lambda result: _print(json.dumps(result, allow_nan=False), err=False)
    else:
        with replacing(path) as file:
            yield lambda result: replace_file(
                file, json.dumps(result, allow_nan=False).encode() + b"\n"
            )


class Picture(click.Path):
    """The name of a picture, which says what kind it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Look at the end of the name."""
        if Path(value).suffix.lower() not in (".png", ".svg", ".pdf"):
            self.fail(f"{value!r} does not end in .png, .svg or .pdf.", param, ctx)
        return super().convert(value, param, ctx)


picture_option = partial(click.option, type=Picture(dir_okay=False), metavar="FILE.png")


@contextmanager
def drawing(path: str | None) -> Iterator[Callable[["Figure"], None]]:
    """Give a function that draws a figure into a file, which is opened and appears as for JSON."""
    if path is None:
        yield lambda figure: None
        return
    with replacing(path) as file:

        def draw(figure: "Figure") -> None:
            with naming(file):
                figure.savefig(file, dpi=120)

        yield draw


def say(text: str) -> None:
    """Print for people: on standard output, or on standard error if the former is for JSON."""
    options = click.get_current_context().params
    _print(text, err=options.get("json_path") == STANDARD_OUTPUT)


def _print(text: str, err: bool) -> None:
    try:
        click.echo(text, err=err)
    except OSError as error:
        if error.errno == errno.EPIPE:  # a reader who has left
            raise
        raise VerbError(f"cannot write to standard output: {error.strerror}.") from None


def table(rows: Sequence[Sequence[object]], adjust: Callable[[str, int], str] = str.rjust) -> str:
    """Rows as aligned columns; the first to the left, the others as `adjust` puts their texts."""
    columns = [list(map(str, column)) for column in zip(*rows, strict=True)]
    for at, column in enumerate(columns):
        width = max(map(len, column))
        columns[at] = [(adjust if at else str.ljust)(cell, width) for cell in column]
    return "\n".join("  ".join(row).rstrip() for row in zip(*columns, strict=True))


def command_line(ctx: click.Context) -> str:
    """The command as it was given, without `PLACES`."""
    words = [ctx.command_path]
    for parameter in ctx.command.params:
        if parameter.name in PLACES or not given(ctx, parameter.name):
            continue
        value = ctx.params[parameter.name]
        if isinstance(parameter, click.Option):
            negated = value is False and parameter.secondary_opts
            words.append((negated or parameter.opts)[0])
            if parameter.is_flag:
                continue
        if isinstance(value, tuple):  # sizes
            value = "-".join(map(str, value)) or "none"
        elif isinstance(value, list):  # pairs
            value = ",".join(":".join(map(str, pair)) for pair in value)
        words.append(str(value))
    return " ".join(words)


def given(ctx: click.Context, name: str) -> bool:
    """Whether a parameter stands on the command line."""
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
