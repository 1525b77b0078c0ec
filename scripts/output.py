# SPDX-License-Identifier: BSD-2-Clause
"""Writes results: text for people, tables, JSON in a file or on standard output, and pictures.

A verb with `--json -` prints its result for machines on standard output and everything else on
standard error.

What people read passes through here, for it may have text of strangers: of files, their names, and
libraries. It is escaped; in cells of a table and in sentences it is cut, and makes no lines of its
own. A name inside a longer text is put there by `printable`.
"""

import errno
import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstspike.golden.foreign.printable import MOST, is_text, printable
from firstspike.golden.system.files import replace_file, replacing

from .errors import VerbError
from .places import Output

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # takes a while to import

STANDARD_OUTPUT = "-"

UNTOLD = {"data", "output", "json_path", "plot_path", "port", "baud", "scheduler", "fresh"}
"""Parameters that do not change the result: most say where something is."""

json_option = click.option(
    "--json",
    "json_path",
    metavar="FILE",
    type=Output(dir_okay=False, allow_dash=True),
    help="Write the result as JSON. With - it goes to standard output, and all else to standard "
    "error.",
)


@contextmanager
def writing(path: str | None, made: Callable[[Any], bytes]) -> Iterator[Callable[[Any], None]]:
    """Give a function that writes a verb's result to `path`, as bytes that `made` makes of it.

    `path` None drops it. A file is opened at once (`OSError`) and appears when the block ends.
    """
    if path is None:
        yield lambda result: None
        return
    with replacing(path) as file:
        yield lambda result: replace_file(file, made(result))


def json_result(path: str | None) -> AbstractContextManager[Callable[[dict[str, Any]], None]]:
    """Give a function that writes the verb's result, a dictionary; "-" is standard output."""
    if path == STANDARD_OUTPUT:
        return nullcontext(lambda result: _print(_json(result), err=False))
    return writing(path, lambda result: f"{_json(result)}\n".encode())


def _json(result: dict[str, Any]) -> str:
    return json.dumps(result, allow_nan=False)


class Picture(Output):
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
    with ExitStack() as stack:
        draw = stack.enter_context(writing(path, partial(_drawn, Path(path or "").suffix)))
        if path is not None:
            import matplotlib  # takes a while

            # A name of a class is no formula, even with dollars in it.
            stack.enter_context(matplotlib.rc_context({"text.parse_math": False}))
        yield draw


def _drawn(suffix: str, figure: "Figure") -> bytes:
    """Return the picture whole: one that fails half-way, on a full disk, fails oddly."""
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that the font does not have
        figure.savefig(content, format=suffix[1:].lower(), dpi=120)
    return content.getvalue()


def say(text: str) -> None:
    """Print for people: on standard output, or on standard error if the former is for JSON."""
    options = click.get_current_context().params
    lines = (printable(line, None) for line in text.split("\n"))
    _print("\n".join(lines), err=options.get("json_path") == STANDARD_OUTPUT)


def note(sentence: str) -> None:
    """Print one sentence about what is being done, on standard error."""
    click.echo(printable(sentence), err=True)


def complain(error: Exception) -> None:
    """Print what is wrong in one sentence on standard error; below its usage, if that is wrong."""
    if not isinstance(error, click.ClickException):
        note(f"Error: {_sentence(error)}")
    elif type(error).show not in (click.ClickException.show, click.UsageError.show):
        error.show()  # the help, if no verb is given
    else:
        said = error.format_message()
        if isinstance(error, click.MissingParameter):  # of which click makes a list in lines
            said = said.replace(". Choose from:\n\t", ": choose from ").replace("\n\t", " ")
        said = printable(said, MOST - len("Error: "))
        if isinstance(error, click.UsageError):
            click.UsageError(said, error.ctx).show()
        else:
            click.ClickException(said).show()


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"there is not enough memory: {str(error) or 'use less'}."
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    if error.filename is None:
        return f"{error.strerror}."
    return f"cannot use {os.fspath(error.filename)!r}: {error.strerror}."


def _print(text: str, err: bool) -> None:
    if not err:
        encoding = sys.stdout.encoding or "utf-8"
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        click.echo(text, err=err)
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader has left
            raise
        raise VerbError(f"cannot write to standard output: {error.strerror}.") from None


def table(rows: Sequence[Sequence[object]], adjust: Callable[[str, int], str] = str.rjust) -> str:
    """Rows as aligned columns; the first to the left, the others as `adjust` puts their texts."""
    columns = [list(map(printable, column)) for column in zip(*rows, strict=True)]
    for at, column in enumerate(columns):
        width = max(map(len, column))
        columns[at] = [(adjust if at else str.ljust)(cell, width) for cell in column]
    return "\n".join("  ".join(row).rstrip() for row in zip(*columns, strict=True))


def off_by(error: float) -> str:
    """Return the relative error of an estimate, for people."""
    return f"+- {100 * error:.0f} %"


def command_line() -> str:
    """Return the command as it was given, without `UNTOLD`, for a result that tells it.

    A file whose name is no text raises `VerbError`.
    """
    ctx = click.get_current_context()
    words = [ctx.command_path]
    for parameter in ctx.command.params:
        if parameter.name in UNTOLD or not given(parameter.name):
            continue
        value = ctx.params[parameter.name]
        if isinstance(parameter, click.Option):
            negated = value is False and parameter.secondary_opts
            words.append((negated or parameter.opts)[0])
            if parameter.is_flag:
                continue
        if isinstance(value, tuple):  # sizes, or lanes by layer
            between = getattr(parameter.type, "SEPARATOR", "-")
            value = between.join(map(str, value)) or "none"
        elif isinstance(value, list):  # pairs, or seeds
            parts = (one if isinstance(one, tuple) else (one,) for one in value)
            value = ",".join(":".join(map(str, part)) for part in parts)
        words.append(str(value))
    for word in words:
        if not is_text(word):
            raise VerbError(
                f"the name {printable(word)} is no UTF-8, and cannot stand in the result: rename "
                "the file."
            )
    return " ".join(words)


MOST_NAME = 40
"""Characters that are shown of a name from a file, such as that of a column."""


def counted(n: int, what: str) -> str:
    """Return a number of things, such as `1 photo` or `2 photos`."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def given(*names: str | None) -> bool:
    """Whether one of these parameters of the verb that runs stands on the command line."""
    source = click.get_current_context().get_parameter_source
    return any(source(name or "") is click.core.ParameterSource.COMMANDLINE for name in names)
