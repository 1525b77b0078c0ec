# SPDX-License-Identifier: BSD-2-Clause
"""The events that a run of a proof may have, and the pauses in it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """The events that a run may have.

    `pauses` bounds the cycles in which the source offers nothing though images are left, or a
    decision waits, of both together. If `idles`, pauses between images are not counted. `extras`
    bounds the events ADVANCE and the bad events. With `aborts` every image may be aborted at any
    time. With `writes` a word of the weights is written at first, with `reads` one is read; its
    address may be out of range.
    """

    images: int = 1
    pauses: int = 0
    idles: bool = False
    extras: int = 0
    aborts: bool = False
    writes: bool = False
    reads: bool = False
    paced: bool = False
    """The source never pauses and sends the rows of a tick in ascending order, and decisions are
    taken at once: then the cycles are those of golden's model."""

    @property
    def requests(self) -> bool:
        """Whether the host requests something before the images."""
        return self.writes or self.reads
