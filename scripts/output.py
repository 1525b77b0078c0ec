"""Where results go: files that appear whole or not at all, and JSON on standard output.

A verb with `--json -` prints its result for machines on standard output and everything else on
standard error.
"""

import errno
import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

STANDARD_OUTPUT = "-"

json_option = click.option(
    "--json",
    "json_path",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write the result as JSON; - is standard output, and all else goes to standard error.",
)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path to write to; what is written there replaces `path` if nothing is raised.

    The file is opened at once, so that an unwritable place is found before the work is done
    (`OSError`). What is no ordinary file (a device, a pipe) is written to directly.
    """
    path = Path(path)
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if path.exists() and not path.is_file():
        path.open("wb").close()
        yield path
        return
    target = path.resolve()  # what a link points to is replaced, not the link
    beside = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
    try:
        beside.open("wb").close()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        yield beside
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def json_result(path: str | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Give a function that writes the verb's result, a dictionary, to `path`.

    `path` None drops it; "-" is standard output. A file is opened at once (`OSError`) and appears
    when the block ends.
    """
    if path is None:
        yield lambda result: None
    elif path == STANDARD_OUTPUT:
        yield lambda result: click.echo(json.dumps(result, allow_nan=False))
    else:
        with replacing(path) as file:
            yield lambda result: _write(file, json.dumps(result, allow_nan=False) + "\n")


def _write(file: Path, text: str) -> None:
    file.write_text(text)


def say(text: str, json_path: str | None = None) -> None:
    """Print for people: on standard output, or on standard error if the former is for JSON."""
    click.echo(text, err=json_path == STANDARD_OUTPUT)


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
