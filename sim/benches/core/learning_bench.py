# SPDX-License-Identifier: BSD-2-Clause
"""Bench of a Core that learns: labels and settings go in with the images, updates come out.

Like the bench of the Core it judges nothing: it writes down what comes out.
"""

from dataclasses import replace

import cocotb
from cocotb.task import Task

from firstspike.sim.harness.bench_io import arguments, report
from firstspike.sim.harness.streams import Dut, StreamSource
from firstspike.sim.harness.taps import Arrivals, tap

from .bench import CoreBench
from .learning import LearningParameters
from .outcome import CoreOutcome


class LearningBench(CoreBench):
    """The ports of a core that learns, and what goes through them."""

    arguments: LearningParameters

    def __init__(self, dut: Dut, arguments: LearningParameters) -> None:
        super().__init__(dut, arguments)
        self.labels = StreamSource(dut, "labels", self.domain, willing=self.willing())
        # Without pauses: offered with the label of their image, they are not to come after it.
        self.settings = StreamSource(dut, "settings", self.domain)
        self.learned: list[tuple[int, int, int]] = []
        """(image, updated, cycles)."""
        self._following = 0
        """The image that the next update is of."""
        self._updates = Arrivals()
        self._offers: list[Task] = []

    async def run(self) -> None:
        """Everything, from the reset until the weights have been read back."""
        cocotb.start_soon(tap(self.domain, self.dut.learned__valid, self._learned))
        await super().run()

    def outcome(self) -> CoreOutcome:
        """Return the outcome of the core, with the learned images."""
        return replace(super().outcome(), learned=self._without_resets(self.learned))

    async def _send_images(self) -> None:
        await super()._send_images()
        await self._updates.until(lambda: self._following >= len(self.arguments.labels))

    async def _begin(self, image: int) -> None:
        """Offer an image's label, and settings that hold from it on."""
        for offer in self._offers:
            await offer
        if image in self.arguments.stimulus.resets:
            await self._quiet(image)  # no update but its own is cut short
        self._offers = []
        if image in self.arguments.settings:
            await self.decisions.all_before(image)
            settings = self.arguments.settings[image]
            self._offers.append(cocotb.start_soon(self.settings.send(settings)))
        self._offers.append(cocotb.start_soon(self.labels.send(self.arguments.labels[image])))

    async def _reset(self, image: int) -> None:
        for offer in self._offers:
            offer.cancel()
        self._offers = []
        self.labels.idle()
        self.settings.idle()
        await super()._reset(image)
        self._following = image + 1

    def _learned(self) -> None:
        updated, cycles = self.dut.learned__updated, self.dut.learned__cycles
        self.learned.append((self._following, int(updated.value), int(cycles.value)))
        self._following += 1
        self._updates.notify()


@cocotb.test()
async def learning(dut):
    """Run the images it is given."""
    bench = LearningBench(dut, arguments(LearningParameters))
    await bench.run()
    report(bench.outcome())
