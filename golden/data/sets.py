# SPDX-License-Identifier: BSD-2-Clause
"""The data sets of images and of sound, every file checked by its SHA-256.

A data folder holds one folder per set (or the files themselves), plain or gzipped: four IDX files,
or an archive of recordings. Missing files are downloaded into the folder. The binarised MNIST test
set is part of the package.
"""

import gzip
import hashlib
import io
import os
import sys
import tarfile
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
from platformdirs import user_cache_dir

from firstspike.golden.foreign.printable import printable
from firstspike.golden.sound.choice import DEFAULT_CHOICE, FrontEndChoice
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.system.errors import convert_errors, quoted, remedy
from firstspike.golden.system.files import naming, read_file, replace_file
from firstspike.golden.system.temporary import sweep, temporary_folder

from .dataset import DataError, Dataset
from .sources import MOST_ARCHIVE, MOST_BYTES, SOURCES, SourceError

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"

SPOKEN_DIGITS, WAKE_WORDS = "spoken-digits", "wake-words"


class SoundSet(NamedTuple):
    """A data set of sound."""

    module: str
    """Name of the module, which has `wanted` and `recorded`; it is imported when it is used."""
    n_words: int
    archive: str
    """File name of the archive with the recordings."""
    sha256: str
    """Digest of the recordings (`content_of`)."""


SOUNDS = {
    SPOKEN_DIGITS: SoundSet(
        "spoken",
        10,
        "v1.0.10.tar",
        "8fed8b0b058a7efa7544bbb3e8e98607ecdcbd47a2f0ea31139cab18a6b679c9",
    ),
    WAKE_WORDS: SoundSet(
        "wake_words",
        6,
        "84919190fb1891bf0936dcb577d9268e467f876f.tar",  # a commit
        "725b12124a03758f9f35dfb192e4d3b3c6d2c029ff09a8df2a0d99de76862f24",
    ),
}
"""The data sets of sound, by their names; the others hold images."""

SHA256 = {
    "mnist": {
        TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "fashion-mnist": {
        TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    **{name: {one.archive: one.sha256} for name, one in SOUNDS.items()},
}
"""Digests of the decompressed files; for an archive, of its recordings (`content_of`)."""

DATASETS = tuple(SHA256)
"""Names of the data sets."""

MNIST_NOTICE = """\
The test vectors in this folder are made from images of the MNIST database of handwritten digits by
Yann LeCun and Corinna Cortes, made from NIST Special Databases 1 and 3. MNIST is made available
under the Creative Commons Attribution-ShareAlike 3.0 licence
(https://creativecommons.org/licenses/by-sa/3.0/), and so are items.hex and what is computed from
it. What was changed: the pixels of an image have become the spikes of a network's inputs.
"""
"""Notice in every product of MNIST data; DATA-LICENSE.md explains the licence."""

_BUNDLED = Path(__file__).parent / "mnist-test.npz"
_HEADER = {TRAIN_IMAGES: 16, TRAIN_LABELS: 8, TEST_IMAGES: 16, TEST_LABELS: 8}
PIXELS, CLASSES = 28 * 28, 10
"""Pixels of every image, and classes of every data set."""


def default_folder() -> Path:
    """Return the default data folder: $FIRSTSPIKE_DATA, or the user's cache."""
    return Path(os.environ.get("FIRSTSPIKE_DATA") or user_cache_dir("firstspike"))


def candidate_paths(name: str, folder: Path | None = None) -> Iterator[Path]:
    """Yield the paths where the files of a data set may be, plain and gzipped."""
    folder = default_folder() if folder is None else folder
    for file in SHA256[name]:
        yield from _candidates(name, folder, file)


def _candidates(name: str, folder: Path, file: str) -> list[Path]:
    return [parent / f for parent in (folder / name, folder) for f in (file, f"{file}.gz")]


def load_dataset(
    name: str,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = True,
    sound: FrontEnd | FrontEndChoice = DEFAULT_CHOICE,
) -> Dataset:
    """Load a data set of `DATASETS`; download files that `folder` lacks.

    `sound` is the front end for recordings, or what the user decides about it. Raises `DataError`
    if a file is broken or wrong, or if no source provides it.
    """
    _, contents = _complete(name, folder, progress)
    if name in SOUNDS:
        return _module_of(name).recorded(contents[SOUNDS[name].archive], sound)
    parts = {
        file: np.frombuffer(contents[file], np.uint8, offset=_HEADER[file]) for file in _HEADER
    }
    return Dataset(
        parts[TRAIN_IMAGES].reshape(-1, PIXELS),
        parts[TRAIN_LABELS],
        parts[TEST_IMAGES].reshape(-1, PIXELS),
        parts[TEST_LABELS],
    )


def fetch(
    name: str, folder: str | os.PathLike[str] | None = None, progress: bool = True
) -> list[Path]:
    """Download the missing files of a data set into `folder`; return the paths of all its files.

    Existing files are checked and never replaced. With `progress`, standard error shows progress
    bars and the reason why a source failed. Raises `DataError` as `load_dataset` does.
    """
    paths, _ = _complete(name, folder, progress)
    return list(paths.values())


def bundled_test_set() -> tuple[np.ndarray, np.ndarray]:
    """Return the MNIST test set of the package, binarised (bright is p > 127).

    Returns pixels uint8 [10000, 784], 0 or 255, and labels uint8 [10000].
    """
    with np.load(_BUNDLED, allow_pickle=False) as file:
        return np.unpackbits(file["pixels"], axis=1) * np.uint8(255), file["labels"]


def _complete(
    name: str, folder: str | os.PathLike[str] | None, progress: bool
) -> tuple[dict[str, Path], dict[str, bytes]]:
    """Return paths and checked contents of a set's files after downloading the missing ones."""
    if name not in DATASETS:
        raise DataError(f"there is no data set {quoted(name)}: {remedy(name, DATASETS)}")
    # We have fetched the files in the user's cache; those of any other folder are the user's.
    advice = "Remove it and fetch it again."
    if folder is not None or os.environ.get("FIRSTSPIKE_DATA"):
        advice = (
            f"Give a folder with the original files of {name}, or without files of these names."
        )
    folder = default_folder() if folder is None else Path(folder)
    sweep(folder / name)  # remains of a killed download, although all files may exist now
    paths, contents = {}, {}
    for file in SHA256[name]:
        path = next((path for path in _candidates(name, folder, file) if path.exists()), None)
        if path is not None:
            with convert_errors(DataError, "", DataError, after=f" {advice}"):
                contents[file] = _checked(name, file, read_file(path, _most_bytes(name)), str(path))
            paths[file] = path
    for source in SOURCES[name]:
        missing = [file for file in SHA256[name] if file not in paths]
        if not missing:
            break
        (folder / name).mkdir(parents=True, exist_ok=True)
        try:
            with temporary_folder(folder / name) as scratch:
                for file, raw in source.files(missing, scratch, progress):
                    contents[file] = _checked(name, file, raw, f"{file} from {source}")
                    paths[file] = folder / name / file
                    with naming(paths[file]):
                        replace_file(scratch / file, contents[file])
                        os.replace(scratch / file, paths[file])  # also replaces a dangling link
        except (SourceError, DataError) as error:
            if progress:
                print(printable(error), file=sys.stderr)
    missing = [file for file in SHA256[name] if file not in paths]
    if missing:
        raise DataError(
            f"{name} is not in {folder}, and could not be fetched: put {', '.join(missing)} "
            "(plain or .gz) there, or name the folder that holds them in FIRSTSPIKE_DATA."
        )
    return paths, contents


def _module_of(name: str) -> ModuleType:
    return import_module(f".{SOUNDS[name].module}", __package__)


def _most_bytes(name: str) -> int:
    return MOST_ARCHIVE if name in SOUNDS else MOST_BYTES


def _checked(name: str, file: str, raw: bytes, where: str) -> bytes:
    """Return the decompressed content after checking its digest; `where` is for messages."""
    broken = OSError, EOFError, zlib.error, tarfile.TarError
    with convert_errors(DataError, f"{where} is broken (", *broken, after=")."):
        content = raw
        if raw.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(raw)) as unpacked:
                content = unpacked.read(_most_bytes(name) + 1)  # a longer file is wrong
        checked = content
        if name in SOUNDS:
            from .archives import content_of

            checked = content_of(content, _module_of(name).recording_name)
    actual, expected = hashlib.sha256(checked).hexdigest(), SHA256[name][file]
    if actual != expected:
        raise DataError(
            f"{where} is not the {file} of {name}: its SHA-256 begins with {actual[:12]}, "
            f"not {expected[:12]}."
        )
    return content
