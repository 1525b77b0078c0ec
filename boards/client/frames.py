# SPDX-License-Identifier: BSD-2-Clause
"""Finds frames in whatever comes out of a line, and its feet again after damage."""

from firstspike.hdl.link.protocol.formats import DELIMITER, FrameError, decode_frame

LONGEST = 1 << 16
"""No frame has more bytes; what goes on for longer without a delimiter is noise."""

Frame = tuple[int, int, bytes]
"""(type, sequence, payload)."""


class FrameReader:
    """Takes bytes as they come, in pieces of any size, and gives the good frames among them.

    A damaged frame is dropped, together with what it has run into; the next delimiter is a new
    start.
    """

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, received: bytes) -> list[Frame]:
        """The frames that end in `received`."""
        *coded, self._begun = (self._begun + received).split(DELIMITER)
        if len(self._begun) > LONGEST:
            self._begun = self._begun[:1]  # begun, and bad: what is left of it is dropped, too
        frames = []
        for one in coded:
            try:
                frames.append(decode_frame(one))
            except FrameError:
                continue
        return frames
