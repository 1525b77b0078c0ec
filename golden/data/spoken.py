# SPDX-License-Identifier: BSD-2-Clause
"""The Free Spoken Digit Dataset: 3,000 recordings of ten words by six speakers, at 8 kHz.

By Zohar Jackson and others, under CC BY-SA 4.0. The test part is recordings 0 to 4 of each speaker
and digit, as the README of the data set defines it.
"""

import io
import re
import tarfile
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.usual import usual_front_end

from .dataset import Dataset
from .sounds import pictures_of
from .wav import samples_of

TESTED = 5
"""Test recordings of each speaker and digit."""


class Recording(NamedTuple):
    """Fields of a recording's file name."""

    number: int
    speaker: str
    digit: int


def content_of(archive: bytes) -> bytes:
    """Return the recordings of an archive as bytes that do not depend on how it was packed.

    Name, size and content of each recording follow one another, sorted by name. Raises
    `tarfile.TarError`.
    """
    recordings = sorted(recordings_of(archive).items())
    return b"".join(b"%s %d\n%s" % (name.encode(), len(raw), raw) for name, raw in recordings)


def spoken_digits(archive: bytes, sound: FrontEnd | None = None) -> Dataset:
    """Return the data set of a checked archive; `sound` None selects the default front end.

    Training and test part are sorted by the number of a recording, then by its speaker, then by its
    digit.
    """
    sound = sound or usual_front_end()
    recordings = sorted((named(name), raw) for name, raw in recordings_of(archive).items())
    names = [name for name, _ in recordings]
    pcm = ((str(name), samples_of(raw, str(name), sound.rate)) for name, raw in recordings)
    pictures = pictures_of(pcm, sound)
    digits = np.array([name.digit for name in names])
    tested = np.array([name.number < TESTED for name in names])
    return Dataset(
        pictures[~tested], digits[~tested], pictures[tested], digits[tested], sound=sound
    )


def recordings_of(archive: bytes) -> dict[str, bytes]:
    """Return the content of each WAV file of an archive by its name without folders."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        for member in tar:
            if member.size > len(archive):
                raise tarfile.TarError(f"{member.name!r:.40} is longer than the archive")
            path = PurePosixPath(member.name)
            file = tar.extractfile(member) if path.parent.name == "recordings" else None
            if file is not None:
                found[path.name] = file.read()
    return found


def named(name: str) -> Recording:
    """Return the fields of a file name such as 7_jackson_32.wav."""
    match = re.fullmatch(r"(\d)_([a-z]+)_(\d+)\.wav", name)
    assert match is not None  # `content_of` has checked the names
    return Recording(int(match[3]), match[2], int(match[1]))
