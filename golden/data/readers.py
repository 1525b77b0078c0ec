# SPDX-License-Identifier: BSD-2-Clause
"""Reads data sets of the user: arrays, tables, recorded events, folders of images or sounds.

A reader returns the training samples and, if the file has one, the test part. Every error is a
`DataError` of one sentence that names the file, and the line in a file of lines.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from firstspike.golden.sound.choice import DEFAULT_CHOICE, FrontEndChoice
from firstspike.golden.sound.front import FrontEnd

from .arrays import read_arrays
from .dataset import DataError, Parts
from .events import read_events
from .images import read_folder
from .sounds import holds_sound, read_sounds
from .table import NOTHING, read_table


def read(
    path: Path,
    label: str | None = None,
    group: str | None = None,
    names: Sequence[str] = (),
    usual: Mapping[str, str] = NOTHING,
    sound: FrontEnd | FrontEndChoice = DEFAULT_CHOICE,
    missing: bool = False,
) -> Parts:
    """Return the samples of a file or folder.

    `label` and `group` are columns of a table. For a None, `usual` may name an optional column.
    `names` are the features that a network requires. `sound` is the front end of a network, or
    what the user decides about it, for a folder of recordings. With `missing`, values of a table or
    an array may be missing (NaN).
    """
    if path.suffix.lower() != ".csv" and (label or group):
        raise DataError(f"{path} has no columns: --label and --group are of a .csv file.")
    if path.is_dir() and holds_sound(path):
        return read_sounds(path, sound), None
    if path.is_dir():
        return read_folder(path), None
    readers: dict[str, Callable[[], Parts]] = {
        ".npz": lambda: read_arrays(path, missing),
        ".csv": lambda: (read_table(path, label, group, names, usual, missing), None),
        ".jsonl": lambda: (read_events(path), None),
    }
    if path.suffix.lower() not in readers:
        raise DataError(
            f"{path} is no data set: give an .npz, .csv or .jsonl file, or a folder of images or "
            "WAV files."
        )
    return readers[path.suffix.lower()]()
