# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the LevelsEncoder: the events of random images against the encoding."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from firstspike.golden import Features, Network, encode, events
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.layer.events import Kind, input_layout
from firstspike.hdl.lib.layouts import DescribedLayout, unpack
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.streams import Dut, StreamSink, at_random

UNIT = 8


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


def fields_of(layout: DescribedLayout, payload: int) -> dict[str, int]:
    """The fields of an event."""
    return {name: int(values[0]) for name, values in unpack(layout, [payload]).items()}


class LevelsEncoderBench(BlockBench):
    """The pixels and events of a LevelsEncoder."""

    Given = LevelsEncoderParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        given = self.given
        self.layout = input_layout(given.ticks.shape[1], given.deadline, given.rows)
        self.drive(pixels__valid=0, events__ready=0)

    def image(self, received: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return (tick, row) of an image's spikes; of a tick in order of the rows."""
        *spikes, end = (fields_of(self.layout, payload) for _, payload in received)
        assert end["kind"] == Kind.END.value
        assert all(spike["kind"] == Kind.SPIKE.value for spike in spikes)
        ticks = [spike["tick"] for spike in spikes]
        assert ticks == sorted(ticks), "spikes are not in order of time"
        return sorted((spike["tick"], self._row(spike)) for spike in spikes)

    def _row(self, spike: dict[str, int]) -> int:
        rows = self.given.rows
        if rows == 1:
            return spike["address"]
        (bank,) = (bank for bank in range(rows) if spike[f"banks.{bank}.present"])
        return spike[f"banks.{bank}.index"] * rows + bank


@bench_test(LevelsEncoderBench)
async def images(bench):
    """Images one after the other, with random pauses on both sides."""
    source = bench.source("pixels", willing=at_random(1))
    board = bench.sink("events", bench.layout, at_random(2), StreamSink)
    board.start()
    await _all_images(bench, source, board)


@bench_test(LevelsEncoderBench)
async def pace(bench):
    """Images without pauses: each ends as many cycles after its last pixel as the encoder says."""
    board = bench.sink("events", bench.layout, kind=StreamSink)
    board.start()
    for cycles in await _all_images(bench, bench.source("pixels"), board):
        assert cycles == bench.given.cycles


async def _all_images(bench, source, board):
    """Check each image; returns the cycles from its last pixel to its end."""
    found = []
    for pixels, ticks in zip(bench.given.pixels, bench.given.ticks, strict=True):
        taken = [await source.send(pixel) for pixel in pixels.tolist()]

        def ended() -> bool:
            kinds = (fields_of(bench.layout, payload)["kind"] for _, payload in board.received)
            return Kind.END.value in kinds

        assert await bench.domain.until(ended, 100 * bench.given.cycles), "an image does not end"
        found.append(board.received[-1][0] - taken[-1])
        expected = [tuple(spike) for spike in events(ticks).tolist()]
        assert bench.image(board.received) == expected
        board.received.clear()
        await bench.domain.rising
    return found
