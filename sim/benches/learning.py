"""Bench of a Core that learns: labels and settings go in with the images, updates come out.

As the bench of the Core it only writes down; `sim.learning` compares.
"""

from typing import Any

import cocotb
import numpy as np
from cocotb.handle import SimHandleBase
from cocotb.triggers import Event, RisingEdge

from .. import exchange
from ..streams import StreamSource
from .core import CoreBench


class LearningBench(CoreBench):
    """The ports of a core that learns, and what goes through them."""

    def __init__(self, dut: SimHandleBase, given: dict[str, Any]) -> None:
        super().__init__(dut, given)
        self.labels = StreamSource(dut, "labels", self.domain, willing=self.willing())
        self.settings = StreamSource(dut, "settings", self.domain, willing=self.willing())
        self.learned: list[tuple[int, int]] = []
        """(updated, cycles), image after image."""
        self._event = Event()

    async def run(self) -> None:
        """Everything, from the reset until the weights have been read back."""
        cocotb.start_soon(self._learned())
        await super().run()

    async def _send_images(self) -> None:
        given = self.given
        sending = cocotb.start_soon(super()._send_images())
        starts = [image for image, _ in given["settings"]]
        ends = [*starts[1:], len(given["labels"])]
        for (first, settings), last in zip(given["settings"], ends, strict=True):
            await self.decisions.all_before(first)
            await self.settings.send(settings)
            await self.labels.send_all(given["labels"][first:last].tolist())
        await sending
        while len(self.learned) < len(given["labels"]):
            self._event.clear()
            await self._event.wait()

    async def _learned(self) -> None:
        learned, rises = self.dut.learned__valid, RisingEdge(self.dut.learned__valid)
        while True:
            await self.domain.falling
            if not learned.value:
                await rises
                continue
            self.learned.append(
                (int(self.dut.learned__updated.value), int(self.dut.learned__cycles.value))
            )
            self._event.set()


@cocotb.test()
async def learning(dut):
    """Run the images of the stimulus file."""
    bench = LearningBench(dut, exchange.parameters())
    await bench.run()
    exchange.report(
        decisions=np.array([payload for _, payload in bench.decisions.decisions], str),
        learned=np.array(bench.learned, np.int64).reshape(-1, 2),
        answers=np.array([payload for _, payload in bench.answers.received], np.int64),
    )
