# SPDX-License-Identifier: BSD-2-Clause
"""A digest of sources of the package, on which cached content depends; needs no other package."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def source_digest(folders: Iterable[str], pattern: str, *left_out: str) -> str:
    """Return a digest of the files of the package, compiled ones and those `left_out` excepted.

    `folders` are names of folders of the package, and `pattern` selects the files in them.
    """
    package, digest = Path(__file__).parents[2], hashlib.sha256()
    for folder in folders:
        for path in sorted((package / folder).rglob(pattern)):
            name = str(path.relative_to(package))
            if path.is_file() and "__pycache__" not in path.parts and name not in left_out:
                content = path.read_bytes()
                digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()
