"""Bench of the Core: writes weights, sends images, and writes down all that comes out.

It judges nothing but the protocol; what it reports is compared with the golden model on the other
side of the results file. `run` says what the parameters mean, `outcome` what is reported.
"""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np
from cocotb.handle import SimHandleBase

from firstspike.sim.harness import bench_io as exchange
from firstspike.sim.harness.streams import ClockDomain, StreamSink, StreamSource, at_random
from firstspike.sim.harness.taps import Arrivals, SpikeLogs, fail_in_silence

PATIENCE = 200_000
"""Cycles, more than any image takes."""


class DecisionSink(StreamSink):
    """Takes decisions, and knows which image each one is of."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.first = 0
        """The image that the first decision since the reset is of."""
        self.taken = 0
        """Decisions since the reset."""
        self.decisions: list[tuple[int, str]] = []
        """(image, payload in hex); decisions can be wider than an integer of numpy."""
        self._arrivals = Arrivals()

    def take(self, cycle: int, payload: int) -> None:
        """Write a decision down."""
        self.decisions.append((self.first + self.taken, hex(payload)))
        self.taken += 1
        self._arrivals.came()

    def restart(self, image: int) -> None:
        """After a reset: the next decision is that of `image`."""
        self.first, self.taken = image, 0

    def under_way(self, parity: int) -> int:
        """The image with that image bit which has not been decided, or has just been taken.

        Under back-pressure one decision may be waiting while the next image is worked on.
        """
        return self.first + self.taken + ((self.taken + parity) & 1)

    async def all_before(self, image: int) -> None:
        """Wait until the decisions of all images before `image` have been taken."""
        await self._arrivals.until(lambda: self.first + self.taken >= image)


class CoreBench:
    """The ports of a core, and what goes through them."""

    def __init__(self, dut: SimHandleBase, given: dict[str, Any]) -> None:
        self.dut = dut
        self.given = given
        self.domain = ClockDomain(dut)
        self._seeds = itertools.count(random.randrange(1 << 30))
        pausing = [self.willing() for _ in range(3)]
        if given["decision_wait"]:
            pausing[2] = itertools.cycle([False] * given["decision_wait"] + [True])
        self.items = StreamSource(dut, given["port"], self.domain, willing=pausing[0])
        self.host = StreamSource(dut, "weights", self.domain)
        self.answers = StreamSink(dut, "weights_read", self.domain, willing=pausing[1])
        self.decisions = DecisionSink(dut, "decision", self.domain, willing=pausing[2])
        under_way = self.decisions.under_way
        self.logs = SpikeLogs(dut, self.domain, given["hidden"], lambda bits: under_way(bits & 1))
        dut.abort_image.value = 0
        if given["port"] != "events":
            dut.events__valid.value = 0

    def willing(self) -> Iterator[bool] | None:
        """What a source or sink pauses by."""
        return at_random(next(self._seeds)) if self.given["pauses"] else None

    async def run(self) -> None:
        """Everything, from the first reset to the last decision."""
        given = self.given
        await self.domain.start()
        self.answers.start()
        self.decisions.start()
        self.logs.start()
        await self.host.send_all(given["before"].tolist())
        await self._answered(given["reads_before"])
        decisions = self.decisions.decisions
        watch = fail_in_silence(self.domain, PATIENCE, lambda: len(decisions), "decision")
        during = cocotb.start_soon(self._host_during(given["during"].tolist()))
        await self._send_images()
        await self.decisions.all_before(len(given["lengths"]))
        watch.cancel()
        await during
        await self.host.send_all(given["after"].tolist())
        await self._answered(given["reads"])

    def outcome(self) -> dict[str, np.ndarray]:
        """All that came out."""
        decisions = self.decisions.decisions
        return {
            "images": np.array([image for image, _ in decisions], np.int64),
            "decisions": np.array([payload for _, payload in decisions], str),
            "answers": np.array([payload for _, payload in self.answers.received], np.int64),
            **self.logs.report(),
        }

    async def _send_images(self) -> None:
        given, domain = self.given, self.domain
        resets, aborts = dict(given["resets"]), dict(given["aborts"])
        between = dict(given["between"])
        ends = np.cumsum(given["lengths"])
        for image, part in enumerate(np.split(given["items"], ends[:-1])):
            if image in given["quiet_aborts"]:
                await self._quiet(image)
                await self._abort()
            if image in between:
                await self._quiet(image)
                await self.host.send_all(between[image])
            await self._begin(image)
            if image in resets:
                await self.decisions.all_before(image)
                sending = cocotb.start_soon(self.items.send_all(part.tolist()))
                await domain.after_rising()
                await domain.cycles(resets[image])
                sending.cancel()
                self._idle()
                await domain.reset()
                self._restart(image + 1)
                continue
            await self.items.send_all(part.tolist())
            if image in aborts:
                await domain.cycles(aborts[image])
                await self._abort()

    async def _quiet(self, image: int) -> None:
        """Wait until nothing of the images before `image` is under way."""
        await self.decisions.all_before(image)
        while self.dut.busy.value:
            await self.domain.falling

    async def _begin(self, image: int) -> None:
        """Give what has to be there besides the items of an image that is about to be sent."""

    def _idle(self) -> None:
        """Take away what is offered for an image in which there is a reset."""
        self.items.idle()

    def _restart(self, image: int) -> None:
        """After a reset, `image` comes first."""
        self.decisions.restart(image)

    async def _abort(self) -> None:
        await self.domain.after_rising()
        self.dut.abort_image.value = 1
        await self.domain.rising
        self.dut.abort_image.value = 0

    async def _host_during(self, requests: list[int]) -> None:
        for request in requests:
            await self.domain.cycles(random.randrange(1, 40))
            await self.host.send(request)

    async def _answered(self, count: int) -> None:
        while len(self.answers.received) < count:
            await self.domain.falling


@cocotb.test()
async def core(dut):
    """Run the images of the stimulus file."""
    bench = CoreBench(dut, exchange.parameters())
    await bench.run()
    exchange.report(**bench.outcome())
