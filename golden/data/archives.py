# SPDX-License-Identifier: BSD-2-Clause
"""The recordings in the archive of a public data set."""

import io
import tarfile
from collections.abc import Callable
from pathlib import PurePosixPath

Wanted = Callable[[PurePosixPath], str | None]
"""Returns the name of a recording by its path in an archive, None for another file."""


def files_of(archive: bytes, wanted: Wanted) -> dict[str, bytes]:
    """Return the content of each wanted file of an archive by its name. Raises tarfile.TarError."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        for member in tar:
            if member.size > len(archive):
                raise tarfile.TarError(f"{member.name!r:.40} is longer than the archive")
            name = wanted(PurePosixPath(member.name))
            file = None if name is None else tar.extractfile(member)
            if name is not None and file is not None:
                found[name] = file.read()
    return found


def content_of(archive: bytes, wanted: Wanted) -> bytes:
    """Return the wanted files of an archive as bytes that do not depend on how it was packed.

    Name, size and content of each file follow one another, sorted by name. Raises
    tarfile.TarError.
    """
    files = sorted(files_of(archive, wanted).items())
    return b"".join(b"%s %d\n%s" % (name.encode(), len(raw), raw) for name, raw in files)
