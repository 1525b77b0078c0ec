# SPDX-License-Identifier: BSD-2-Clause
"""The PixelEncoder: random images against the encoding, some of which are aborted."""

from types import SimpleNamespace

import cocotb
import numpy as np
import pytest

from firstspike.golden import encode, events
from firstspike.hdl.bus.pixel_encoder import PixelEncoder
from firstspike.hdl.bus.register import WORD_BYTES
from firstspike.hdl.layer.events import Kind, input_layout
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, StreamSink, at_random
from tests.support.simulators import EITHER, sampled
from tests.support.spikes import images_of

UNIT = 8

PATIENCE = 10_000
"""Cycles in which the events of an image come."""


@pytest.mark.parametrize("pixels", sampled([5, 38], 2))
def test_pixels_are_encoded_and_cut_images_aborted(pixels):
    """300 images; of half of them fewer words come than they have."""
    rng = np.random.default_rng(1)
    network = network_of(
        [np.ones((pixels, 1), np.int32)], [1], unit=UNIT, deadline=7 * UNIT, encoding="levels-8"
    )
    images = rng.integers(0, 256, (300, pixels)).astype(np.uint8)
    whole = -(-pixels // WORD_BYTES)
    words = np.where(rng.random(300) < 0.5, whole, rng.integers(1, whole, 300)).tolist()
    arguments = SimpleNamespace(
        pixels=images, ticks=encode(network, images), words=words, deadline=network.deadline
    )
    Simulation.of(PixelEncoder(network), EITHER).run(__name__, arguments)


@cocotb.test()
async def images(dut):
    """Images one after the other, with random pauses on both sides."""
    bench = await PixelEncoderBench(dut).start()
    arguments, domain = bench.arguments, bench.domain
    source = bench.source("words", willing=at_random(1))
    sink = bench.sink("events", bench.layout, at_random(2), StreamSink)
    sink.start()
    cocotb.start_soon(bench.watch())
    for pixels, count in zip(arguments.pixels, arguments.words, strict=True):
        bytes_ = pixels.tobytes().ljust(WORD_BYTES * -(-len(pixels) // WORD_BYTES), b"\xff")
        for at in range(0, WORD_BYTES * count, WORD_BYTES):
            await source.send(int.from_bytes(bytes_[at : at + WORD_BYTES], "little"))
            await domain.falling
            assert bench.dut.busy.value
        if WORD_BYTES * count < len(pixels):
            await domain.pulse(bench.dut.cut)
    assert await domain.until(lambda: not bench.dut.busy.value, PATIENCE)

    received = list(sink.received)
    aborted = list(bench.aborted)
    for ticks, count in zip(arguments.ticks, arguments.words, strict=True):
        cycle, payload = received[0]
        if WORD_BYTES * count < len(ticks):
            assert sink.fields(payload)["kind"] == Kind.ADVANCE.value
            assert aborted.pop(0) == cycle + 1
            received.pop(0)
            continue
        size = np.count_nonzero(ticks) + 1
        found = images_of(bench.layout, (payload for _, payload in received[:size]))
        assert found == [[tuple(spike) for spike in events(ticks).tolist()]]
        del received[:size]
    assert not received
    assert not aborted


class PixelEncoderBench(BlockBench):
    """The words and events of a PixelEncoder, and the aborts on both sides."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.layout = input_layout(self.arguments.pixels.shape[1], self.arguments.deadline)
        self.drive(words__valid=0, events__ready=0, cut=0)
        self.aborted: list[int] = []

    async def watch(self) -> None:
        """Keep the cycles of abort requests to the core."""
        while True:
            await self.domain.falling
            if self.dut.abort_image.value:
                self.aborted.append(self.domain.cycle)
