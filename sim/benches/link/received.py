# SPDX-License-Identifier: BSD-2-Clause
"""Collects the bytes that a board sends, and wakes those that wait for them."""

import itertools
from collections.abc import AsyncIterator, Sequence

from firstspike.sim.harness.streams import ClockDomain
from firstspike.sim.harness.taps import Arrivals, fail_in_silence


class Received:
    """The bytes that came from the board, the cycles they came in, and who waits for them."""

    def __init__(self, domain: ClockDomain) -> None:
        self._domain = domain
        self.content = bytearray()
        self.cycles: list[int] = []
        self.frames = 0
        self._arrivals = Arrivals()

    def take(self, byte: int, cycle: int) -> None:
        """Handle a received byte."""
        self.content.append(byte)
        self.cycles.append(cycle)
        self.frames += byte == 0
        self._arrivals.notify()

    async def answers(self, count: int, patience: int) -> None:
        """Wait for `count` frames since the start, at most `patience` cycles for each byte."""
        watch = fail_in_silence(self._domain, patience, lambda: len(self.content), "byte")
        await self._arrivals.until(lambda: self.frames >= count)
        watch.cancel()

    async def room(
        self, costs: Sequence[int], capacity: int, patience: int, most: int | None = None
    ) -> AsyncIterator[tuple[int, int]]:
        """Yield the numbers of frames with these costs, each as soon as the frame may be sent.

        A frame may be sent if all unanswered frames, including this one, fit the capacity and are
        at most `most`. Also yields the number of answers; waits for all answers at the end.
        """
        before = self.frames
        held = list(itertools.accumulate(costs, initial=0))
        for number in range(len(costs)):
            assert costs[number] <= capacity, "a request is larger than the board takes"
            while held[number + 1] - held[
                (answered := self.frames - before)
            ] > capacity or number - answered >= (most or len(costs)):
                await self.answers(self.frames + 1, patience)
            yield number, answered
        await self.answers(before + len(costs), patience)
