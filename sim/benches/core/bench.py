# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the Core: writes weights, sends images, and writes down all that comes out.

It judges nothing but the protocol; who runs it compares what it reports with the golden model.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

import cocotb
import numpy as np

from firstspike.sim.harness.bench_io import arguments, report
from firstspike.sim.harness.streams import ClockDomain, Dut, StreamSink, StreamSource, at_random
from firstspike.sim.harness.taps import Arrivals, SpikeLogs, fail_in_silence

from .items import WeightRequest, image_port, read_requests, requests
from .outcome import CoreOutcome
from .run import CoreParameters

PATIENCE = 200_000
"""Cycles, more than any image takes."""


class DecisionSink(StreamSink):
    """Takes decisions, and knows which image each one is of."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.first = 0
        """The image that the first decision since the reset is of."""
        self.accepted = 0
        """Decisions since the reset."""
        self.decisions: list[tuple[int, int]] = []
        """(image, payload)."""
        self.cycles: list[int] = []
        """In which these were taken."""
        self._arrivals = Arrivals()

    def take(self, cycle: int, payload: int) -> None:
        """Write a decision down."""
        self.decisions.append((self.first + self.accepted, payload))
        self.cycles.append(cycle)
        self.accepted += 1
        self._arrivals.notify()

    def restart(self, image: int) -> None:
        """After a reset: the next decision is that of `image`."""
        self.first, self.accepted = image, 0

    def current_image(self, parity: int) -> int:
        """The image with that image bit which has not been decided, or has just been taken.

        Under back-pressure one decision may be waiting while the next image is worked on.
        """
        return self.first + self.accepted + ((self.accepted + parity) & 1)

    async def all_before(self, image: int) -> None:
        """Wait until the decisions of all images before `image` have been taken."""
        await self._arrivals.until(lambda: self.first + self.accepted >= image)


class CoreBench:
    """The ports of a core, and what goes through them."""

    def __init__(self, dut: Dut, arguments: CoreParameters) -> None:
        self.dut = dut
        self.arguments = arguments
        self.domain = ClockDomain(dut)
        self._seeds = itertools.count(random.randrange(1 << 30))
        self._expected_answers = 0
        """Answers of the weight port that are to come in all."""
        config, wait = arguments.config, arguments.stimulus.decision_wait
        pausing = [self.willing() for _ in range(3)]
        if wait:
            pausing[2] = itertools.cycle([False] * wait + [True])
        port = image_port(config)
        self.items = StreamSource(dut, port, self.domain, willing=pausing[0])
        self.host = StreamSource(dut, "weights", self.domain)
        self.answers = StreamSink(dut, "weights_read", self.domain, willing=pausing[1])
        self.decisions = DecisionSink(dut, "decision", self.domain, willing=pausing[2])
        hidden, current_image = len(config.layers) - 1, self.decisions.current_image
        logged = hidden if arguments.logged else 0
        self.logs = SpikeLogs(dut, self.domain, logged, lambda bits: current_image(bits & 1))
        dut.abort_image.value = 0
        if port != "events":
            dut.events__valid.value = 0

    def willing(self) -> Iterator[bool] | None:
        """Return when a source or sink is willing, cycle by cycle; None means always."""
        return at_random(next(self._seeds)) if self.arguments.stimulus.pauses else None

    async def run(self) -> None:
        """Everything, from the first reset to the last decision."""
        arguments, stimulus = self.arguments, self.arguments.stimulus
        reads = read_requests(arguments.chunks) if stimulus.checked else []
        await self.domain.start()
        self.answers.start()
        self.decisions.start()
        self.logs.start()
        await self._access([*((1, *chunk) for chunk in arguments.chunks), *reads])
        decisions = self.decisions.decisions
        watch = fail_in_silence(self.domain, PATIENCE, lambda: len(decisions), "decision")
        during = cocotb.start_soon(self._access_during())
        await self._send_images()
        await self.decisions.all_before(len(arguments.items))
        watch.cancel()
        await during
        await self._access([*stimulus.after, *reads])
        assert await self.domain.until(lambda: not self.dut.busy.value, PATIENCE), "it stays busy"

    def outcome(self) -> CoreOutcome:
        """Return decisions, answers and logs of the core."""
        resets = list(self.arguments.stimulus.resets)
        return CoreOutcome(
            decisions=self._without_resets(self.decisions.decisions),
            accepted_cycles=self.decisions.cycles,
            answers=[payload for _, payload in self.answers.received],
            logs=[log[~np.isin(log[:, 0], resets)] for log in self.logs.arrays()],
        )

    def _without_resets(self, of_images: Sequence[Any]) -> list[Any]:
        """Return the entries (image, ...) of images without a reset."""
        return [one for one in of_images if one[0] not in self.arguments.stimulus.resets]

    async def _send_images(self) -> None:
        stimulus, domain = self.arguments.stimulus, self.domain
        for image, part in enumerate(self.arguments.items):
            items = np.asarray(part).tolist()
            if image in stimulus.quiet_aborts:
                await self._quiet(image)
                await self.domain.pulse(self.dut.abort_image)
            if image in stimulus.between:
                await self._quiet(image)
                await self._access(stimulus.between[image])
            await self._begin(image)
            if image in stimulus.resets:
                await self.decisions.all_before(image)
                sending = cocotb.start_soon(self.items.send(*items))
                await domain.cycles(stimulus.resets[image])
                sending.cancel()
                await self._reset(image)
                continue
            await self.items.send(*items)
            if image in stimulus.aborts:
                await domain.cycles(stimulus.aborts[image])
                await domain.pulse(self.dut.abort_image)

    async def _quiet(self, image: int) -> None:
        """Wait until nothing of the images before `image` is under way."""
        await self.decisions.all_before(image)
        while self.dut.busy.value:
            await self.domain.falling

    async def _begin(self, image: int) -> None:
        """Give what has to be there besides the items of an image that is about to be sent."""

    async def _reset(self, image: int) -> None:
        """Reset the core while this image is under way."""
        self.items.idle()
        await self.domain.reset()
        self.decisions.restart(image + 1)

    async def _access(self, accesses: Sequence[WeightRequest]) -> None:
        """Send requests into the weight port, and wait for the answers."""
        self._expected_answers += sum(not write for write, *_ in accesses)
        await self.host.send(*requests(self.arguments.config, accesses).tolist())
        while len(self.answers.received) < self._expected_answers:
            await self.domain.falling

    async def _access_during(self) -> None:
        for request in self.arguments.stimulus.during:
            await self.domain.cycles(random.randrange(1, 40))
            await self._access([request])


@cocotb.test()
async def core(dut):
    """Run the images it is given."""
    bench = CoreBench(dut, arguments(CoreParameters))
    await bench.run()
    report(bench.outcome())
