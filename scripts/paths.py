# SPDX-License-Identifier: BSD-2-Clause
"""Compares inputs and outputs of a verb, which must not overwrite an input or an output.

The type of a parameter declares that its value names something to read (`Input`) or to write
(`Output`). A `Verb` compares all of them before its work begins. Files are compared by device and
inode, so that links, other spellings and /proc/self/fd are resolved.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from firstspike.golden.foreign.printable import printable
from firstspike.golden.shipped import shipped_file
from firstspike.rooms import announced

from .errors import VerbError
from .sections import in_sections
from .targets.errors import FaultyTargetError, OptionError

Named = str | os.PathLike[str]
Parameters = Mapping[str, Any]
"""The values of a verb's parameters."""

Files = Callable[[Path, Parameters], Iterable[Named]]
"""Function that returns the files that a verb writes for the value of a parameter."""

_STANDARD_OUTPUT = 1


class Input:
    """A parameter type whose value names an input of the verb."""

    def read(self, value: Any) -> Iterable[Named]:
        """Return the files and folders that the value names."""
        return [value]


class InputPath(Input, click.Path):
    """The name of a file or folder to read."""


class NetworkName(Input, click.ParamType):
    """A network file, or the name of a network of the package."""

    name = "text"

    def __init__(self, companion: Callable[[str], Named] | None = None) -> None:
        """`companion` returns a further file that is read with a network file."""
        self._companion = companion

    def read(self, value: str) -> Iterable[Named]:
        """Return the network file and files read with it; nothing for a folder (refused later)."""
        file = shipped_file(value) or value
        if os.path.isdir(Path(file)):  # an empty name would be the current folder
            return
        yield file
        if self._companion is not None:
            yield self._companion(value)


class DatasetName(Input, click.ParamType):
    """A file or folder with a data set, or the name of a public one."""

    name = "text"

    def read(self, value: str) -> Iterable[Named]:
        """Return the file or folder, or the paths of the files of a public data set."""
        from firstspike.golden.data.sets import DATASETS, candidate_paths  # slow import

        return candidate_paths(value) if value in DATASETS else [value]


NETWORK, PICTURE = rb"PK\x03\x04.{26}format\.npy", rb"\x89PNG|<\?xml|%PDF"
PAGE, JSON, VERILOG = rb"<!(?i:doctype) html>", rb"\s*\{", rb"//|/\*"
"""The beginnings of the files that verbs write, as regular expressions."""

_BEGINS = {
    ".npz": NETWORK,
    ".png": PICTURE,
    ".json": JSON,
    ".hex": rb"[0-9a-f]+\n",
    ".core": rb"CAPI=2:",
    **dict.fromkeys((".v", ".h", ".rdl"), VERILOG),
}
"""The beginnings of files beside a named file or in a folder, by their suffixes; rooms add
theirs."""

for _, begins in announced(__package__, "BEGINS"):
    _BEGINS |= begins

_NOTHING = rb"(?!)"
"""Matches no beginning."""


class Output(click.Path):
    """The name of a file to write, or of a folder to write files into."""

    def __init__(self, *, begins: bytes = b"", files: Files | None = None, **rules: Any) -> None:
        """`files` returns the files that are written for a name, by default the named file.

        `begins` is the beginning of the named file, as a regular expression: an existing file
        with another beginning is the user's, and is not replaced. Files with unknown beginnings
        are the user's unless the first of `files` exists.
        """
        super().__init__(**rules)
        self._begins, self._files = begins, files

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty name, which would be the current folder."""
        if not os.fspath(value):
            self.fail(f"{value!r} names nothing: give a name.", param, ctx)
        return super().convert(value, param, ctx)

    def check_existing(self, value: Named, parameters: Parameters, option: str) -> None:
        """Raise `VerbError` if a file exists that the verb would write, but has not written."""
        paths = [Path(path) for path in self.written(value, parameters)]
        for path in filter(Path.is_file, paths):
            begins = _BEGINS.get(path.suffix, b"" if paths[0].is_file() else _NOTHING)
            if self._begins and path.suffix == Path(value).suffix:
                begins = self._begins
            with suppress(OSError), open(path, "rb") as file:  # opening it later reports the error
                start = file.read(64)
                if start and not re.match(begins, start, re.DOTALL):
                    raise VerbError(
                        f"{printable(path)} exists, and is no such file as {option} writes: "
                        "remove it, or give another name."
                    )

    def written(self, value: Named, parameters: Parameters) -> Iterable[Named]:
        """Return all files that the verb writes, as far as they are known in advance."""
        if self._files is not None:
            return self._files(Path(value), parameters)
        return [] if value == "-" else [value]


def default(of: Callable[[Parameters], Named | None]) -> Callable[..., Any]:
    """Return a callback for an option: `of` returns its default, from the parameters before it."""
    return lambda ctx, parameter, value: of(ctx.params) if value is None else value


class Verb(click.Command):
    """A command that refuses, before any work, to overwrite its inputs.

    Its help lists the options in sections.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section of the options."""
        shown = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        for title, options in in_sections(shown).items():
            with formatter.section(title):
                formatter.write_dl(
                    [record for one in options if (record := one.get_help_record(ctx))]
                )

    def invoke(self, ctx: click.Context) -> Any:
        """Compare inputs with outputs. Raises `VerbError`.

        Errors of a target that name its options are converted to the names of the command.
        """
        _check(ctx)
        try:
            return super().invoke(ctx)
        except OptionError as error:
            raise click.UsageError(error.text_with("--{}".format), ctx) from None
        except FaultyTargetError as error:  # a difference: the exit status is 1
            raise click.ClickException(str(error)) from None


_Identity = tuple[int, int] | str
"""Device and inode of a regular file, or the resolved path of a file that does not exist."""


def _check(ctx: click.Context) -> None:
    written: dict[_Identity | None, str] = {}
    for writer, path in _written(ctx):
        identity = _identity(path)
        if identity is None:
            continue
        if written.get(identity, writer) != writer:
            raise VerbError(
                f"{written[identity]} writes {os.fspath(path)}, too: name another file for "
                f"{writer}."
            )
        written[identity] = writer
    with suppress(OSError):
        output = os.fstat(_STANDARD_OUTPUT)
        if stat.S_ISREG(output.st_mode):
            written.setdefault((output.st_dev, output.st_ino), "standard output")
    _check_apart(written, _read(ctx))
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        if isinstance(parameter.type, Output) and value is not None:
            parameter.type.check_existing(value, ctx.params, parameter.opts[0])


def check_sources(sources: Iterable[Named], written: Mapping[str, Named | None]) -> None:
    """Raise `VerbError` if a file to write, by option, is a source that a state file names."""
    identities = {_identity(path): option for option, path in written.items() if path is not None}
    _check_apart(identities, (("the run", source) for source in sources))


def _check_apart(
    written: Mapping[_Identity | None, str], read: Iterable[tuple[str, Named]]
) -> None:
    existing = {identity: writer for identity, writer in written.items() if type(identity) is tuple}
    if not existing:
        return  # a file that does not exist is not an input
    for reader, source in read:
        for path, identity in _files(source):
            if type(identity) is tuple and identity in existing:
                raise VerbError(
                    f"{path} is what {reader} reads: name another file for {existing[identity]}."
                )


def _written(ctx: click.Context) -> Iterator[tuple[str, Named]]:
    """Yield each output file, with the option that names it."""
    for parameter in ctx.command.params:
        kind = parameter.type
        value = ctx.params.get(parameter.name or "")
        if isinstance(kind, Output) and value is not None:
            for path in kind.written(value, ctx.params):
                yield parameter.opts[0], path


def _read(ctx: click.Context) -> Iterator[tuple[str, Named]]:
    """Yield each input file or folder, with the parameter that names it."""
    for parameter in ctx.command.params:
        kind = parameter.type
        value = ctx.params.get(parameter.name or "")
        if not isinstance(kind, Input) or value is None:
            continue
        name = parameter.opts[0]
        if isinstance(parameter, click.Argument):
            name = parameter.make_metavar(ctx).strip("[]")
        for one in value if parameter.multiple else (value,):
            for path in kind.read(one):
                yield name, path


def _identity(path: Named) -> _Identity | None:
    """Return the identity of a file; None for objects that no verb replaces, such as a device."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return os.path.realpath(path)
    except (OSError, ValueError):  # opening it will report the error
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _files(source: Named) -> Iterator[tuple[str, _Identity | None]]:
    """Yield name and identity of a file, or of each file in a folder and in its sub-folders."""
    yield os.fspath(source), _identity(source)
    if os.path.isdir(source):
        for pattern in ("*", "*/*"):
            for path in Path(source).glob(pattern):
                yield str(path), _identity(path)
