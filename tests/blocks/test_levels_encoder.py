# SPDX-License-Identifier: BSD-2-Clause
"""The LevelsEncoder: the events of random images against the encoding."""

from functools import partial
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest

from firstspike.golden import Features, encode, events
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.layer.events import input_layout
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, StreamSink, StreamSource, at_random
from tests.support.simulators import refused
from tests.support.spikes import Spike, images_of

UNIT = 8


@pytest.mark.parametrize(
    ("encoding", "pixels", "connected", "more"),
    [
        pytest.param(
            "levels-32", 12, 1, {"complement": True, "constant": True}, marks=pytest.mark.long
        ),
        ("levels-5", 7, 0.6, {"complement": True, "late": 20}),
        pytest.param("levels-256", 3, 1, {"constant": True, "late": 56}, marks=pytest.mark.long),
        pytest.param("levels-4", 9, 1, {"rows": 2}, marks=pytest.mark.long),
        pytest.param("binary", 9, 0.5, {}, marks=pytest.mark.long),
    ],
)
def test_levels_encoder(encoding, pixels, connected, more, seed):
    """20 images; `connected` is the share of inputs that are, and `rows` are those of an event."""
    rng = np.random.default_rng(seed)
    options = {"complement": False, "constant": False, "late": -1, "rows": 1} | more
    complement, constant = options["complement"], options["constant"]
    n_inputs = pixels * (1 + complement) + constant
    count = max(1, round(n_inputs * connected))
    network = network_of(
        [np.ones((count, 1), np.int32)],
        [1],
        unit=UNIT,
        deadline=7 * UNIT,
        inputs=np.sort(rng.choice(n_inputs, count, replace=False)),
        n_inputs=n_inputs,
        encoding=encoding,
        late=options["late"],
        features=Features(None, complement, constant) if complement or constant else None,
    )
    images = rng.integers(0, 256, (20, pixels)).astype(np.uint8)
    arguments = SimpleNamespace(
        pixels=images,
        ticks=encode(network, images),
        deadline=network.deadline,
        rows=options["rows"],
        cycles=LevelsEncoder.cycles(network),
    )
    Simulation.of(LevelsEncoder(network, arguments.rows)).run(__name__, arguments, seed=seed)


_BOTH = {"complement": True, "constant": True}
example = partial(test_levels_encoder, "levels-8", 10, 0.7, _BOTH, seed=1)


def test_other_encodings_are_refused():
    ticks = network_of([np.ones((4, 2), np.int32)], [1], encoding="ticks")
    refused(lambda: LevelsEncoder(ticks), "pixels with levels, not of ticks")


@cocotb.test()
async def pauses(dut):
    """Images one after the other, with random pauses on both sides."""
    bench = await LevelsEncoderBench(dut).start()
    source = bench.source("pixels", willing=at_random(1))
    await bench.all_images(source, bench.sink("events", bench.layout, at_random(2), StreamSink))


@cocotb.test()
async def pace(dut):
    """Images without pauses: each ends as many cycles after its last pixel as the encoder says."""
    bench = await LevelsEncoderBench(dut).start()
    board = bench.sink("events", bench.layout, kind=StreamSink)
    for cycles in await bench.all_images(bench.source("pixels"), board):
        assert cycles == bench.arguments.cycles


class LevelsEncoderBench(BlockBench):
    """The pixels and events of a LevelsEncoder."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        arguments = self.arguments
        self.layout = input_layout(arguments.ticks.shape[1], arguments.deadline, arguments.rows)
        self.drive(pixels__valid=0, events__ready=0, clear=0)

    async def all_images(self, source: StreamSource, board: StreamSink) -> list[int]:
        """Check each image; returns the cycles from its last pixel to its end."""
        board.start()
        delays = []
        for pixels, ticks in zip(self.arguments.pixels, self.arguments.ticks, strict=True):
            accept_cycles = [await source.send(pixel) for pixel in pixels.tolist()]

            def images() -> list[list[Spike]]:
                received = (payload for _, payload in board.received)
                return images_of(self.layout, received, self.arguments.rows)

            assert await self.domain.until(images, 100 * self.arguments.cycles), (
                "an image has no end"
            )
            assert images() == [[tuple(spike) for spike in events(ticks).tolist()]]
            delays.append(board.received[-1][0] - accept_cycles[-1])
            board.received.clear()
            await self.domain.rising
        return delays
