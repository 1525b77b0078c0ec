# SPDX-License-Identifier: BSD-2-Clause
"""Counts the scans of a JPEG: the decoder processes the whole picture once for each scan.

A scan of a few bytes can cover all pixels, so a small file could occupy the decoder for hours.
"""

import re
from typing import BinaryIO

MOST_SCANS = 50
"""Scans that a JPEG may have; a progressive one has about ten."""

START = b"\xff\xd8"
"""First bytes of a JPEG."""

_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")
"""A marker outside compressed data that has a length or ends the picture."""

_SCAN, _END = 0xDA, 0xD9


def count_scans(file: BinaryIO) -> int:
    """Count the scans of a JPEG up to its end, without the pictures embedded in its segments."""
    content = file.read()
    scans = at = 0
    while (marker := _MARKER.search(content, at)) and marker[1][0] != _END:
        scans += marker[1][0] == _SCAN
        at = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2], "big")
    return scans
