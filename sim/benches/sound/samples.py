# SPDX-License-Identifier: BSD-2-Clause
"""Bench of a Listener that takes samples: the events of each word against golden."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from firstspike.golden import Network, encode, events
from firstspike.golden.front_ends import sound_of
from firstspike.hdl.layer.events import input_layout
from firstspike.hdl.sound.listener import Listener
from firstspike.sim.benches.levels_encoder import Spike, images_of
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.streams import Dut, StreamSink, at_random


@dataclass(frozen=True)
class SampleParameters:
    """What the bench is told: samples as bits, the spikes of each word, and the latency."""

    network: Network
    x: list[int]
    images: list[list[Spike]]
    latency: int


def simulate(network: Network, x: np.ndarray, *, seed: int = 1, **options: Any) -> int:
    """Put samples int16 [n] through a Listener; returns the number of words.

    `options` are `BlockBench.run`'s. Raises SimulationError at the first difference to golden.
    """
    front = sound_of(network)
    levels = front.levels(x)[: len(x) // front.slot]
    pictures = [front.picture(levels, word) for word in front.words(levels)]
    images = [
        [(tick, row) for tick, row in events(ticks).tolist()]
        for ticks in encode(network, np.array(pictures))
    ]
    bits = (x.astype(np.int64) & 0xFFFF).tolist()
    parameters = SampleParameters(network, bits, images, Listener.latency(network))
    SampleBench.run(Listener(network, None), parameters, seed=seed, **options)
    return len(images)


class SampleBench(BlockBench):
    """The samples and events of a Listener, with pauses on both sides."""

    Given = SampleParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        network = self.given.network
        self.layout = input_layout(len(network.inputs), network.deadline)
        self.samples = self.source("samples", willing=at_random(1))
        self.events = self.sink("events", self.layout, at_random(2), StreamSink)


@bench_test(SampleBench)
async def words(bench):
    """The spikes of all words, and no others."""
    given = bench.given
    await bench.samples.send_all(given.x)
    await bench.domain.cycles(100 * given.latency)
    assert images_of(bench.layout, (p for _, p in bench.events.received)) == given.images
