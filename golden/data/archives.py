# SPDX-License-Identifier: BSD-2-Clause
"""The recordings in the archive of a public data set."""

import io
import tarfile
from collections.abc import Callable
from pathlib import PurePosixPath

RecordingNamer = Callable[[PurePosixPath], str | None]
"""Returns the name of a recording by its path in an archive, None for another file."""


def files_of(archive: bytes, recording_name: RecordingNamer) -> dict[str, bytes]:
    """Return the content of each recording in an archive by its name. Raises tarfile.TarError."""
    contents = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        for member in tar:
            if member.size > len(archive):
                raise tarfile.TarError(f"{member.name!r:.40} is longer than the archive")
            name = recording_name(PurePosixPath(member.name))
            file = None if name is None else tar.extractfile(member)
            if name is not None and file is not None:
                contents[name] = file.read()
    return contents


def content_of(archive: bytes, recording_name: RecordingNamer) -> bytes:
    """Return the recordings in an archive as bytes that do not depend on how it was packed.

    Name, size and content of each file follow one another, sorted by name. Raises
    tarfile.TarError.
    """
    files = sorted(files_of(archive, recording_name).items())
    return b"".join(b"%s %d\n%s" % (name.encode(), len(raw), raw) for name, raw in files)
