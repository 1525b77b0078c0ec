# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the Player: images in, words and decisions out, and the counts held against Python."""

import random
from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import decision_layout
from firstspike.hdl.lib.layouts import pack, unpack
from firstspike.hdl.link.handlers.player import EXPECTED, Player, counts_layout
from firstspike.hdl.link.protocol.messages import packed
from firstspike.sim.harness.bench_io import given
from firstspike.sim.harness.block import run_bench
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.streams import (
    CheckedSink,
    ClockDomain,
    Dut,
    StreamSource,
    at_random,
    drive,
)

PATIENCE = 2000
"""Cycles in which an image must have gone into the core."""

CLASSES, TICKS = 3, 50
"""Of the decisions."""


@dataclass(frozen=True)
class Play:
    """So many of the images, so many times."""

    count: int
    rounds: int


@dataclass(frozen=True)
class PlayerParameters:
    """What the bench is told."""

    config: CoreConfig
    images: np.ndarray
    """Bool [n, n_inputs]."""
    expected: np.ndarray
    """Class and tick of each, [n, 2]."""
    plays: tuple[Play, ...]


def simulate(
    n_inputs: int, width: int, images: int, *, plays: int = 6, seed: int = 1, **options: Any
) -> None:
    """Let a Player of so many images of `n_inputs` pixels, `width` a word, play some of them.

    `options` are `run_bench`'s. Raises SimulationError at the first difference.
    """
    rng = np.random.default_rng(seed)
    weights = random_weights(rng, (n_inputs, 4, CLASSES), -4, 8)
    network = network_of(weights, (5, 5), deadline=TICKS - 1)
    config = CoreConfig.of(network, Folding.of(network, CoreShape(bitmap=width)))
    ends = zip(rng.integers(1, images + 1, plays), rng.integers(1, 5, plays), strict=True)
    parameters = PlayerParameters(
        config,
        images=rng.random((images, n_inputs)) < 0.5,
        expected=rng.integers(0, (CLASSES, TICKS), (images, 2)),
        plays=tuple(Play(int(count), int(rounds)) for count, rounds in ends),
    )
    run_bench(__name__, Player(config, images), parameters, seed=seed, **options)


def example(**options: Any) -> str:
    """What `firstspike check blocks` runs and says."""
    simulate(40, 16, 5, **options)
    return "5 images of 40 pixels in words of 16 bits: 6 plays, every word and count"


class PlayerBench:
    """A Player, and in the place of a core what decides at random."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.given = parameters = given(PlayerParameters)
        self.domain = ClockDomain(dut)
        self.words = CheckedSink(dut, "words", self.domain, willing=at_random(1))
        self.decisions = StreamSource(
            dut, "decision", self.domain, decision_layout(parameters.config), at_random(2)
        )
        self.counts = counts_layout(len(parameters.images))
        drive(dut, storing=0, number=0, expected=0, start=0, count=0, rounds=0)
        drive(dut, byte__valid=0, byte__data=0)

    async def store(self, number: int) -> None:
        """Store an image."""
        parameters, dut = self.given, self.dut
        decided, tick = parameters.expected[number].tolist()
        await self.domain.after_rising()
        expected = pack(EXPECTED, {"class": decided, "tick": tick})
        drive(dut, storing=1, number=number, expected=expected)
        for byte in packed(parameters.images[number]):
            drive(dut, byte__valid=1, byte__data=byte)
            await self.domain.rising
            dut.byte__valid.value = 0
            await self.domain.cycles(random.choice((0, 0, 1, 7)))
        dut.storing.value = 0
        await self.domain.cycles(random.choice((1, 3)))

    def words_of(self, number: int) -> list[int]:
        """What is to go into the core of an image."""
        size = self.given.config.bitmap // 8
        content = packed(self.given.images[number])
        parts = [content[begin : begin + size] for begin in range(0, len(content), size)]
        return [int.from_bytes(part, "little") for part in parts]

    async def play(self, what: Play) -> None:
        """Play, and compare what is counted."""
        dut, received = self.dut, self.words.received
        numbers = [*range(what.count)] * what.rounds
        first = len(received)
        await self.domain.after_rising()
        drive(dut, count=what.count, rounds=what.rounds)
        await self.domain.pulse(dut.start)
        late = random.random() < 0.5  # decisions come when all images are in the core
        differences, last = 0, 0
        for number in numbers:
            self.words.expect(self.words_of(number))
        for at, number in enumerate(numbers, 1):
            ahead = first + len(self.words_of(number)) * (len(numbers) if late else at)
            if len(received) < ahead:
                here = await self.domain.until(lambda ahead=ahead: len(received) >= ahead, PATIENCE)
                assert here, "an image does not go into the core"
                await self.domain.cycles(random.choice((0, 1, 10)))
            error = random.choice(((0, 0), (0, 0), (1, 0), (0, 1)))
            differences += any(error)
            decided, tick = np.subtract(self.given.expected[number], error) % (CLASSES, TICKS)
            last = await self.decisions.send({"class": int(decided), "tick": int(tick)})
        self.words.finish()
        await self.domain.falling
        assert not dut.running.value, "all is decided, and it runs"
        await self.domain.cycles(1)
        counted = unpack(self.counts, [int(dut.counts.value)])
        found = {name: int(one[0]) for name, one in counted.items()}
        expected = {
            "decisions": len(numbers),
            "differences": differences,
            "cycles": last - received[first][0] + 1,
        }
        assert found == expected, f"{found}, expected {expected}"


@cocotb.test()
async def player(dut):
    """Store all images, play some of them, store some anew, with random pauses on both sides."""
    bench = PlayerBench(dut)
    await bench.domain.start()
    bench.words.start()
    for number in range(len(bench.given.images)):
        await bench.store(number)
    for play in bench.given.plays:
        await bench.play(play)
        number = random.randrange(len(bench.given.images))
        bench.given.images[number] ^= True
        await bench.store(number)
