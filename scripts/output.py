# SPDX-License-Identifier: BSD-2-Clause
"""Writes results: text, tables, JSON in a file or on standard output, and pictures.

A verb with `--json -` prints its result as JSON on standard output and everything else on standard
error.

All text for users passes through here, since it may contain untrusted text: from files, their
names, and libraries. It is escaped; in cells of a table and in sentences it is also shortened and
stays on one line. `printable` inserts a name into a longer text.
"""

import errno
import io
import json
import os
import resource
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
from .paths import JSON, PICTURE, Output

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # slow import

    from firstspike.golden import Network
    from firstspike.golden.timing.shape import CoreShape

STANDARD_OUTPUT = "-"

UNTOLD = {"data", "output", "json_path", "plot_path", "port", "scheduler", "resume"}
"""Parameters that do not change the result: most are locations."""

json_option = click.option(
    "--json",
    "json_path",
    metavar="FILE",
    type=Output(dir_okay=False, allow_dash=True, begins=JSON),
    help="Write the result as JSON. With - it goes to standard output, and all else to standard "
    "error.",
)


@contextmanager
def writing(path: str | None, convert: Callable[[Any], bytes]) -> Iterator[Callable[[Any], None]]:
    """Yield a function that writes a verb's result to `path`, converted to bytes by `convert`.

    Without a `path` the result is dropped. A file is opened immediately (`OSError`) and appears
    when the block ends; if the block wrote nothing, an earlier file stays.
    """
    if path is None:
        yield lambda result: None
        return
    is_written = False
    with replacing(path) as file:

        def write(result: Any) -> None:
            nonlocal is_written
            replace_file(file, convert(result))
            is_written = True

        yield write
        if not is_written and file != Path(path):
            file.unlink()


def json_result(path: str | None) -> AbstractContextManager[Callable[[dict[str, Any]], None]]:
    """Yield a function that writes the verb's result, a dictionary; "-" is standard output."""
    if path == STANDARD_OUTPUT:
        return nullcontext(lambda result: _print(_json(result), err=False))
    return writing(path, lambda result: f"{_json(result)}\n".encode())


def _json(result: dict[str, Any]) -> str:
    return json.dumps(result, allow_nan=False)


class Picture(Output):
    """The name of a picture, whose suffix selects the format."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check the suffix of the name."""
        if Path(value).suffix.lower() not in (".png", ".svg", ".pdf"):
            self.fail(f"{value!r} does not end in .png, .svg or .pdf.", param, ctx)
        return super().convert(value, param, ctx)


picture_option = partial(
    click.option, type=Picture(dir_okay=False, begins=PICTURE), metavar="FILE.png"
)


@contextmanager
def drawing(path: str | None) -> Iterator[Callable[["Figure"], None]]:
    """Yield a function that draws a figure into a file, which is opened and appears as for JSON."""
    with ExitStack() as stack:
        draw = stack.enter_context(writing(path, partial(_drawn, Path(path or "").suffix)))
        if path is not None:
            import matplotlib  # slow import

            # The name of a class is not a formula, even with dollars in it.
            stack.enter_context(matplotlib.rc_context({"text.parse_math": False}))
        yield draw


def _drawn(suffix: str, figure: "Figure") -> bytes:
    """Return the complete picture: matplotlib fails in odd ways on a full disk."""
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about letters that the font lacks
        figure.savefig(content, format=suffix[1:].lower(), dpi=120)
    return content.getvalue()


def say(text: str) -> None:
    """Print text on standard output, or on standard error if standard output is for JSON."""
    options = click.get_current_context().params
    lines = (printable(line, None) for line in text.split("\n"))
    _print("\n".join(lines), err=options.get("json_path") == STANDARD_OUTPUT)


def note(sentence: str, most: int | None = MOST) -> None:
    """Print one sentence about the progress on standard error, its middle cut to leave `most`."""
    click.echo(printable(sentence, most), err=True)


def note_window(network: "Network", shape: "CoreShape") -> None:
    """Print the window that was chosen for a core, and the reason, if there was a choice."""
    if network.examples is None:
        return
    from firstspike.golden.timing.window import describe_window  # importing numba is slow

    if (described := describe_window(network, shape)) is not None:
        note(described)


def complain(error: Exception) -> None:
    """Print an error in one sentence on standard error; a usage error shows the usage first."""
    if not isinstance(error, click.ClickException):
        note(f"Error: {_sentence(error)}")
    elif type(error).show not in (click.ClickException.show, click.UsageError.show):
        error.show()  # the help, without a verb
    else:
        message = error.format_message()
        if isinstance(error, click.MissingParameter):  # click makes a list in lines
            message = message.replace(". Choose from:\n\t", ": choose from ").replace("\n\t", " ")
        message = printable(message, MOST - len("Error: "))
        if isinstance(error, click.UsageError):
            click.UsageError(message, error.ctx).show()
        else:
            click.ClickException(message).show()


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        failed = f", and then: {error}" if isinstance(error, MemoryError) and str(error) else ""
        return (
            f"there is not enough memory (the process took {used} MiB{failed}): give less data, or "
            "free memory."
        )
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    if error.filename is None:
        return f"{error.strerror}."
    name = os.fspath(error.filename)
    remedy = ""
    if isinstance(error, IsADirectoryError):
        remedy = " Give a file."
    elif isinstance(error, FileNotFoundError) and (folder := os.path.dirname(name)):
        remedy = "" if os.path.isdir(folder) else f" Make the folder {os.fsdecode(folder)!r} first."
    return f"cannot use {name!r}: {error.strerror}.{remedy}"


def _print(text: str, err: bool) -> None:
    if not err:
        encoding = sys.stdout.encoding or "utf-8"
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        click.echo(text, err=err)
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader has closed the pipe
            raise
        raise VerbError(f"cannot write to standard output: {error.strerror}.") from None


def table(rows: Sequence[Sequence[object]], adjust: Callable[[str, int], str] = str.rjust) -> str:
    """Return rows as aligned columns; the first is left-aligned, the others use `adjust`."""
    columns = [list(map(printable, column)) for column in zip(*rows, strict=True)]
    for at, column in enumerate(columns):
        width = max(map(len, column))
        columns[at] = [(adjust if at else str.ljust)(cell, width) for cell in column]
    return "\n".join("  ".join(row).rstrip() for row in zip(*columns, strict=True))


def off_by(error: float) -> str:
    """Return the relative error of an estimate as text."""
    return f"+- {100 * error:.0f} %"


def command_line() -> str:
    """Return the command line without `UNTOLD`, to store it in a result.

    Raises `VerbError` for a file name that is not text.
    """
    ctx = click.get_current_context()
    words = [ctx.command_path]
    for parameter in ctx.command.params:
        if parameter.name in UNTOLD or not on_command_line(parameter.name):
            continue
        value = ctx.params[parameter.name]
        if isinstance(parameter, click.Option):
            negated = value is False and parameter.secondary_opts
            words.append((negated or parameter.opts)[0])
            if parameter.is_flag:
                continue
        if isinstance(value, tuple):  # sizes, or lanes per layer
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
"""Largest number of characters of a name from a file, such as that of a column, in messages."""


def counted(n: int, what: str) -> str:
    """Return a number with its noun, such as `1 photo`, `2 photos` or `2 classes`."""
    return f"{n} {what}" if n == 1 else f"{n} {what}{'es' if what.endswith('s') else 's'}"


def on_command_line(*names: str | None) -> bool:
    """Whether one of these parameters of the current verb is on the command line."""
    source = click.get_current_context().get_parameter_source
    return any(source(name or "") is click.core.ParameterSource.COMMANDLINE for name in names)
