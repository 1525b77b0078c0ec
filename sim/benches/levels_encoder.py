# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the LevelsEncoder: the events of random images against the encoding."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.lib import data

from firstspike.golden import Features, Network, encode, events
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.layer.events import Kind, input_layout
from firstspike.hdl.lib.layouts import unpack
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.streams import Dut, StreamSink, StreamSource, at_random

UNIT = 8

Spike = tuple[int, int]
"""(tick, row)"""


@dataclass(frozen=True)
class LevelsEncoderParameters:
    """What the bench is told: images uint8 [n, n_features], and their ticks [n, rows]."""

    pixels: np.ndarray
    ticks: np.ndarray
    deadline: int
    rows: int
    cycles: int


def simulate(
    encoding: str,
    pixels: int,
    connected: float = 1,
    *,
    complement: bool = False,
    constant: bool = False,
    late: int = -1,
    rows: int = 1,
    amount: int = 20,
    seed: int = 1,
    **options: Any,
) -> None:
    """Put random images of so many pixels through a LevelsEncoder.

    `connected` is the share of inputs that are; `rows` are those of an event; the other named ones
    are fields of the network. `options` are `BlockBench.run`'s. Raises SimulationError at the first
    difference to `golden.encode`.
    """
    rng = np.random.default_rng(seed)
    n_inputs = pixels * (1 + complement) + constant
    count = max(1, round(n_inputs * connected))
    plain = not (complement or constant)
    network: Network = network_of(
        [np.ones((count, 1), np.int32)],
        [1],
        unit=UNIT,
        deadline=7 * UNIT,
        inputs=np.sort(rng.choice(n_inputs, count, replace=False)),
        n_inputs=n_inputs,
        encoding=encoding,
        late=late,
        features=None if plain else Features(None, complement, constant),
    )
    images = rng.integers(0, 256, (amount, pixels)).astype(np.uint8)
    parameters = LevelsEncoderParameters(
        images,
        encode(network, images),
        network.deadline,
        rows,
        LevelsEncoder.cycles(network),
    )
    LevelsEncoderBench.run(LevelsEncoder(network, rows), parameters, seed=seed, **options)


def example(**options: Any) -> str:
    """Run what `firstspike check blocks` shows, and return its sentence."""
    simulate("levels-8", 10, 0.7, complement=True, constant=True, **options)
    return "10 pixels, complements and a constant input, levels-8: 20 images against the encoding"


def images_of(layout: data.Layout, payloads: Iterable[int], rows: int = 1) -> list[list[Spike]]:
    """Return the spikes of each image whose END has come, those of a tick in order of the rows.

    Spikes that are not in order of time fail the test.
    """
    images: list[list[Spike]] = [[]]
    for payload in payloads:
        event = {name: int(values[0]) for name, values in unpack(layout, [payload]).items()}
        if event["kind"] == Kind.END.value:
            ticks = [tick for tick, _ in images[-1]]
            assert ticks == sorted(ticks), "spikes are not in order of time"
            images[-1].sort()
            images.append([])
        else:
            assert event["kind"] == Kind.SPIKE.value
            images[-1].append((event["tick"], _row(event, rows)))
    return images[:-1]


def _row(event: dict[str, int], rows: int) -> int:
    if rows == 1:
        return event["address"]
    (bank,) = (bank for bank in range(rows) if event[f"banks.{bank}.present"])
    return event[f"banks.{bank}.index"] * rows + bank


class LevelsEncoderBench(BlockBench):
    """The pixels and events of a LevelsEncoder."""

    Given = LevelsEncoderParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        given = self.given
        self.layout = input_layout(given.ticks.shape[1], given.deadline, given.rows)
        self.drive(pixels__valid=0, events__ready=0)

    async def all_images(self, source: StreamSource, board: StreamSink) -> list[int]:
        """Check each image; returns the cycles from its last pixel to its end."""
        board.start()
        found = []
        for pixels, ticks in zip(self.given.pixels, self.given.ticks, strict=True):
            taken = [await source.send(pixel) for pixel in pixels.tolist()]

            def images() -> list[list[Spike]]:
                received = (payload for _, payload in board.received)
                return images_of(self.layout, received, self.given.rows)

            assert await self.domain.until(images, 100 * self.given.cycles), "an image has no end"
            assert images() == [[tuple(spike) for spike in events(ticks).tolist()]]
            found.append(board.received[-1][0] - taken[-1])
            board.received.clear()
            await self.domain.rising
        return found


@bench_test(LevelsEncoderBench)
async def pauses(bench):
    """Images one after the other, with random pauses on both sides."""
    source = bench.source("pixels", willing=at_random(1))
    await bench.all_images(source, bench.sink("events", bench.layout, at_random(2), StreamSink))


@bench_test(LevelsEncoderBench)
async def pace(bench):
    """Images without pauses: each ends as many cycles after its last pixel as the encoder says."""
    board = bench.sink("events", bench.layout, kind=StreamSink)
    for cycles in await bench.all_images(bench.source("pixels"), board):
        assert cycles == bench.given.cycles
