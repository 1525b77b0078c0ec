# SPDX-License-Identifier: BSD-2-Clause
"""Data sets of the user: files of arrays, tables, recorded events, folders of images or sounds.

A reader gives the samples of a file, and apart the part to test, where the file has one. Whatever
is wrong is a `DataError`: one sentence that names the file, and the line where there are lines.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

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
    sound: FrontEnd | None = None,
    missing: bool = False,
) -> Parts:
    """Return the samples of a file or folder.

    `label` and `group` are columns of a table. Where they are None, `usual` may name columns that
    the table need not have. `names` are the features that a network takes.
    `sound` is the front end of a network, for a folder of WAV files; None takes the usual one.
    With `missing`, a value of a table or an array may be missing, NaN.
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
