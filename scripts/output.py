"""Where results go: text for people, tables, and JSON in a file or on standard output.

A verb with `--json -` prints its result for machines on standard output and everything else on
standard error.
"""

import errno
import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import click

from firstspike.golden.files import replace_file, replacing

STANDARD_OUTPUT = "-"


class OutputError(Exception):
    """Standard output takes nothing any more; the message says why."""


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
        yield lambda result: say(json.dumps(result, allow_nan=False))
    else:
        with replacing(path) as file:
            yield lambda result: replace_file(
                file, json.dumps(result, allow_nan=False).encode() + b"\n"
            )


def say(text: str, json_path: str | None = None) -> None:
    """Print for people: on standard output, or on standard error if the former is for JSON."""
    try:
        click.echo(text, err=json_path == STANDARD_OUTPUT)
    except OSError as error:
        if error.errno == errno.EPIPE:  # a reader who has left
            raise
        raise OutputError(f"cannot write to standard output: {error.strerror}.") from None


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows of texts as aligned columns; the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def command_line(ctx: click.Context, verb: str, leave_out: Collection[str] = ()) -> str:
    """The command as it was given, without the parameters that only say where files are."""
    words = ["firstspike", verb]
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name)
        given = source is click.core.ParameterSource.COMMANDLINE
        if not given or parameter.name in leave_out:
            continue
        value = ctx.params[parameter.name]
        if isinstance(parameter, click.Option):
            words.append(parameter.opts[0])
            if parameter.is_flag:
                continue
        if isinstance(value, tuple):  # sizes
            value = "-".join(map(str, value))
        elif isinstance(value, list):  # pairs
            value = ",".join(":".join(map(str, pair)) for pair in value)
        words.append(str(value))
    return " ".join(words)
