# SPDX-License-Identifier: BSD-2-Clause
"""The option --input, whose files are photos, recordings, events, or the samples of a data set."""

from collections.abc import Sequence
from enum import Enum
from functools import partial
from pathlib import Path

import click

from firstspike.golden.data.images import PHOTO_SUFFIXES
from firstspike.golden.data.images import SUFFIXES as PICTURE_SUFFIXES
from firstspike.golden.data.wav import SUFFIXES as SOUND_SUFFIXES

from .errors import VerbError
from .paths import InputPath, Named, Verb

STANDARD_INPUT = "-"


class Kind(Enum):
    """The content of a file; the value is a noun for messages."""

    PHOTOS = "photos"
    RECORDINGS = "recordings"
    EVENTS = "a file of events"
    SAMPLES = "a data set"


_FURTHER = (*PHOTO_SUFFIXES, *SOUND_SUFFIXES, ".csv", ".jsonl")
"""Suffixes of words that are further files if they follow a file; a .npz may be the network."""

_SUFFIXES = {
    **dict.fromkeys(PICTURE_SUFFIXES, Kind.PHOTOS),
    **dict.fromkeys(SOUND_SUFFIXES, Kind.RECORDINGS),
    **dict.fromkeys((".csv", ".npz"), Kind.SAMPLES),
    ".jsonl": Kind.EVENTS,
}

_BEGINNINGS = {
    b"\x89PNG": Kind.PHOTOS,
    b"\xff\xd8": Kind.PHOTOS,
    b"PK": Kind.SAMPLES,
    b"fLaC": Kind.RECORDINGS,
}
"""First bytes of the files of a kind; those of WebP and WAV begin with RIFF."""


def kind_of(files: Sequence[str]) -> Kind:
    """Return what files are. Raises click.UsageError for files of several kinds."""
    kinds = dict.fromkeys(map(_kind_of, files))
    first, *other_kinds = kinds
    if other_kinds:
        raise click.UsageError(
            f"--input takes files of one kind: these are {first.value} and {other_kinds[0].value}."
        )
    if len(files) > 1 and first in (Kind.EVENTS, Kind.SAMPLES):
        raise click.UsageError(f"--input takes {first.value}, or several photos or recordings.")
    return first


def _kind_of(file: str) -> Kind:
    """Return the kind of a file by its suffix; the content decides about other suffixes."""
    path = Path(file)
    if kind := _SUFFIXES.get(path.suffix.lower()):
        return kind
    if path.is_dir():
        return Kind.SAMPLES
    if not path.is_file():
        return Kind.EVENTS
    with path.open("rb") as content:
        begin = content.read(12)
    if begin.startswith(b"RIFF"):
        return Kind.PHOTOS if begin.endswith(b"WEBP") else Kind.RECORDINGS
    matching = (kind for text, kind in _BEGINNINGS.items() if begin.startswith(text))
    return next(matching, Kind.EVENTS)


class InputFile(InputPath):
    """The name of a file or folder to read; - is standard input."""

    def __init__(self) -> None:
        super().__init__(exists=True, allow_dash=True)

    def read(self, value: str) -> Sequence[Named]:
        """Return the file, or the file behind standard input."""
        return ["/dev/stdin" if value == STANDARD_INPUT else value]


input_option = partial(
    click.option, "--input", "input_files", multiple=True, type=InputFile(), metavar="FILE ..."
)

samples_option = input_option(
    help="Take all samples of this file or folder, in the form of a data set, not a test part."
)


class InputCommand(Verb):
    """A command whose --input accepts several files, as in `--input 1.png 2.jpg`.

    A shell expands patterns in this way.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the option before each further file."""
        words: list[str] = []
        listing = False
        for word in args:
            if listing and word[:1] != "-" and word.lower().endswith(_FURTHER):
                words.append("--input")
            else:
                listing = "--input" in (*words[-1:], word.partition("=")[0] if "=" in word else "")
            words.append(word)
        return super().parse_args(ctx, words)


def check_samples(files: Sequence[str]) -> None:
    """Raise `VerbError` unless files are the samples of one data set, or recorded events."""
    kind = kind_of(files)
    if kind not in (Kind.SAMPLES, Kind.EVENTS) or STANDARD_INPUT in files:
        raise VerbError(
            f"{files[0]} is not the file of a data set: give a .csv, .npz, .jsonl or a folder."
        )
