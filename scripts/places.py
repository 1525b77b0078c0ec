# SPDX-License-Identifier: BSD-2-Clause
"""Knows what a verb reads and writes: it writes over nothing that it reads, nor twice to a file.

The type of a parameter says that it names something to read (`Input`) or to write (`Output`). A
`Verb` compares all of them before its work begins. Files are compared by device and inode, so that
links, other spellings and /proc/self/fd are seen through.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from firstspike.golden.data.sets import DATASETS, places
from firstspike.golden.networks.shipped import shipped_file

from .errors import VerbError
from .sections import in_sections
from .targets.errors import FaultyTargetError, OptionError

Named = str | os.PathLike[str]
Parameters = Mapping[str, Any]
"""The values of a verb's parameters."""

Files = Callable[[Path, Parameters], Iterable[Named]]
"""Gives the files that a verb writes for the value of a parameter."""

Default = Callable[[Parameters], Named | None]
"""Gives what a verb takes in place of a parameter that is not given."""

_STANDARD_OUTPUT = 1


class Input:
    """A parameter type whose value names what the verb reads."""

    unnamed: Default | None = None
    """Gives what is read if nothing is named."""

    def read(self, value: Any) -> Iterable[Named]:
        """Return the files and folders that the value stands for."""
        return [value]


class InputPath(Input, click.Path):
    """The name of a file or folder to read."""

    def __init__(self, *, default: Default | None = None, **rules: Any) -> None:
        """`default` gives what is read if nothing is named."""
        super().__init__(**rules)
        self.unnamed = default


class InputFile(InputPath):
    """The name of a file to read; - is standard input."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, allow_dash=True)

    def read(self, value: str) -> Iterable[Named]:
        """The file, or what standard input is."""
        return ["/dev/stdin" if value == "-" else value]


class NetworkName(Input, click.ParamType):
    """A network file, or the name of a network that comes with the package."""

    name = "text"

    def __init__(self, beside: Callable[[str], Named] | None = None) -> None:
        """`beside` gives a further file that is read with a network file."""
        self._beside = beside

    def read(self, value: str) -> Iterable[Named]:
        """The network file, and what is read with it; nothing for a folder, which is refused."""
        file = shipped_file(value) or value
        if os.path.isdir(Path(file)):  # of no name, too: the current one
            return
        yield file
        if self._beside is not None:
            yield self._beside(value)


class DatasetName(Input, click.ParamType):
    """A file or folder with a data set, or the name of a public one."""

    name = "text"

    def read(self, value: str) -> Iterable[Named]:
        """The file or folder, or where the files of a public data set are looked for."""
        return places(value) if value in DATASETS else [value]


class Output(click.Path):
    """The name of a file to write, or of a folder to write files into."""

    def __init__(
        self, *, files: Files | None = None, default: Default | None = None, **rules: Any
    ) -> None:
        """`files` gives what is written for a name; without it that is the named file.

        `default` gives what is written if nothing is named.
        """
        super().__init__(**rules)
        self.unnamed = default
        self._files = files

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty name, which would be the current folder's."""
        if not os.fspath(value):
            self.fail(f"{value!r} names nothing: give a name.", param, ctx)
        return super().convert(value, param, ctx)

    def written(self, value: Named, parameters: Parameters) -> Iterable[Named]:
        """Return all files that the verb writes, as far as they are known beforehand."""
        if self._files is not None:
            return self._files(Path(value), parameters)
        return [] if value == "-" else [value]


class Verb(click.Command):
    """A command that refuses, before any work, to write over what it reads.

    Its help lists the options in sections.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section of the options."""
        shown = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        for title, some in in_sections(shown).items():
            with formatter.section(title):
                formatter.write_dl([said for one in some if (said := one.get_help_record(ctx))])

    def invoke(self, ctx: click.Context) -> Any:
        """Compare what is read with what is written. Raises `VerbError`.

        What a target says of its options is said of those of the command.
        """
        _check(ctx)
        try:
            return super().invoke(ctx)
        except OptionError as error:
            raise click.UsageError(error.said("--{}".format), ctx) from None
        except FaultyTargetError as error:  # a difference: the exit status is 1
            raise click.ClickException(str(error)) from None


_Identity = tuple[int, int] | str
"""Device and inode of a regular file, or the resolved path of a file that does not exist."""


def _check(ctx: click.Context) -> None:
    written: dict[_Identity, str] = {}
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
    there = {identity: writer for identity, writer in written.items() if type(identity) is tuple}
    with suppress(OSError):
        output = os.fstat(_STANDARD_OUTPUT)
        if stat.S_ISREG(output.st_mode):
            there.setdefault((output.st_dev, output.st_ino), "standard output")
    if not there:
        return  # a file that does not exist is no input
    for reader, source in _read(ctx):
        for path, identity in _files(source):
            if identity in there:
                raise VerbError(
                    f"{path} is what {reader} reads: name another file for {there[identity]}."
                )


def _written(ctx: click.Context) -> Iterator[tuple[str, Named]]:
    """Yield each file to write, after the option that names it."""
    for parameter in ctx.command.params:
        kind = parameter.type
        if isinstance(kind, Output) and (value := _value(ctx, parameter, kind.unnamed)) is not None:
            for path in kind.written(value, ctx.params):
                yield parameter.opts[0], path


def _read(ctx: click.Context) -> Iterator[tuple[str, Named]]:
    """Yield each file or folder to read, after the parameter that names it."""
    for parameter in ctx.command.params:
        kind = parameter.type
        if not isinstance(kind, Input) or (value := _value(ctx, parameter, kind.unnamed)) is None:
            continue
        name = parameter.opts[0]
        if isinstance(parameter, click.Argument):
            name = parameter.make_metavar(ctx).strip("[]")
        for one in value if parameter.multiple else (value,):
            for path in kind.read(one):
                yield name, path


def _value(ctx: click.Context, parameter: click.Parameter, unnamed: Default | None) -> Any:
    value = ctx.params.get(parameter.name or "")
    return unnamed(ctx.params) if value is None and unnamed is not None else value


def _identity(path: Named) -> _Identity | None:
    """Return what identifies a file; None for what no verb replaces, such as a device."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return os.path.realpath(path)
    except (OSError, ValueError):  # opening it says what is wrong
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _files(source: Named) -> Iterator[tuple[str, _Identity | None]]:
    """Yield name and identity of a file, or of each file in a folder and in its sub-folders."""
    yield os.fspath(source), _identity(source)
    if os.path.isdir(source):
        for pattern in ("*", "*/*"):
            for path in Path(source).glob(pattern):
                yield str(path), _identity(path)
