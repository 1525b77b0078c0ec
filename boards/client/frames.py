# SPDX-License-Identifier: BSD-2-Clause
"""Finds frames in received bytes, and recovers after damage."""

from firstspike.hdl.link.protocol.formats import DELIMITER, FrameError, decode_frame

LONGEST = 1 << 16
"""Largest size of a frame in bytes; a longer sequence without a delimiter is noise."""

Frame = tuple[int, int, bytes]
"""(type, sequence, payload)."""


class FrameReader:
    """Accepts received bytes in pieces of any size, and returns the valid frames in them.

    A damaged frame is dropped, together with any frame that it has merged with; the next delimiter
    starts a new frame.
    """

    def __init__(self) -> None:
        self._partial = b""

    def feed(self, received: bytes) -> list[Frame]:
        """Return the frames that end in `received`."""
        *coded, self._partial = (self._partial + received).split(DELIMITER)
        if len(self._partial) > LONGEST:
            self._partial = self._partial[:1]  # drop the rest of this invalid frame, too
        frames = []
        for one in coded:
            try:
                frames.append(decode_frame(one))
            except FrameError:
                continue
        return frames
