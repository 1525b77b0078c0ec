# SPDX-License-Identifier: BSD-2-Clause
"""The Player: images in, words and decisions out, and the counts held against Python."""

import random
from functools import partial
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import decision_layout
from firstspike.hdl.lib.layouts import pack, unpack
from firstspike.hdl.link.handlers.player import EXPECTED, ROUNDS_BITS, Player, counts_layout
from firstspike.hdl.link.protocol.messages import packed
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, at_random
from tests.support.simulators import one_simulator, sampled

PATIENCE = 2000
"""Cycles in which an image must have gone into the core."""

CLASSES, TICKS = 3, 50
"""Numbers of classes and of ticks in the decisions."""


@one_simulator
@pytest.mark.parametrize(
    ("n_inputs", "width", "images"),
    sampled([(40, 8, 7), (19, 24, 1), (64, 16, 4), (65, 32, 3), (3, 8, 2)], 3),
)
def test_player(simulator, n_inputs, width, images, seed):
    """A Player of images, `width` pixels a word, plays seven times, in up to 63 rounds."""
    rng = np.random.default_rng(seed)
    network = network_of(
        random_weights(rng, (n_inputs, 4, CLASSES), -4, 8), (5, 5), deadline=TICKS - 1
    )
    config = CoreConfig.of(network, Folding.of(network, CoreShape(bitmap=width)))
    plays = [*rng.integers(1, (images + 1, 5), (6, 2)).tolist(), [1, int(rng.integers(33, 64))]]
    arguments = SimpleNamespace(
        config=config,
        images=rng.random((images, n_inputs)) < 0.5,
        expected=rng.integers(0, (CLASSES, TICKS), (images, 2)),  # class and tick
        plays=plays,  # images and rounds
    )
    Simulation.of(Player(config, images), simulator).run(__name__, arguments, seed=seed)


example = partial(test_player, "verilator", 40, 16, 5, seed=1)


@cocotb.test()
async def player(dut):
    """Store all images, play some of them, store some anew, with random pauses on both sides."""
    bench = await PlayerBench(dut).start()
    for number in range(len(bench.arguments.images)):
        await bench.store(number)
    for play in bench.arguments.plays:
        await bench.play(*play)
        number = random.randrange(len(bench.arguments.images))
        bench.arguments.images[number] ^= True
        await bench.store(number)


@cocotb.test()
async def many_rounds(dut):
    """A play of many rounds is not over after three of them, whichever bits their number has."""
    bench = await PlayerBench(dut).start()
    domain, words = bench.domain, bench.words
    image = bench.words_of(0)
    await bench.store(0)
    for bit in range(2, ROUNDS_BITS):
        await domain.after_rising()
        bench.drive(count=1, rounds=(1 << bit) + random.choice((1, 2)))
        first = len(words.received)
        words.expect(image * 40)
        await domain.pulse(dut.start)
        for number in range(1, 4):
            arrived = first + number * len(image)
            assert await domain.until(lambda size=arrived: len(words.received) >= size, PATIENCE)
            await bench.decisions.send({"class": 0, "tick": 0})
        await domain.cycles(2)
        assert dut.running.value, f"{1 << bit} rounds are over"
        await domain.reset()
        words.forget()


class PlayerBench(BlockBench):
    """A Player, and in the place of a core what decides at random."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.words = self.sink("words", willing=at_random(1))
        layout = decision_layout(self.arguments.config.layers[-1])
        self.decisions = self.source("decision", layout, at_random(2))
        self.counts = counts_layout(len(self.arguments.images))
        self.drive(storing=0, number=0, expected=0, start=0, count=0, rounds=0)
        self.drive(byte__valid=0, byte__data=0)

    async def store(self, number: int) -> None:
        """Store an image."""
        decided, tick = self.arguments.expected[number].tolist()
        await self.domain.after_rising()
        expected = pack(EXPECTED, {"class": decided, "tick": tick})
        self.drive(storing=1, number=number, expected=expected)
        for byte in packed(self.arguments.images[number]):
            self.drive(byte__valid=1, byte__data=byte)
            await self.domain.rising
            self.drive(byte__valid=0)
            await self.domain.cycles(random.choice((0, 0, 1, 7)))
        self.drive(storing=0)
        await self.domain.cycles(random.choice((1, 3)))

    def words_of(self, number: int) -> list[int]:
        """Return the words of an image that the player sends to the core."""
        size = self.arguments.config.bitmap // 8
        content = packed(self.arguments.images[number])
        parts = [content[begin : begin + size] for begin in range(0, len(content), size)]
        return [int.from_bytes(part, "little") for part in parts]

    async def play(self, count: int, rounds: int) -> None:
        """Play, and compare what is counted."""
        dut, received = self.dut, self.words.received
        numbers = [*range(count)] * rounds
        first = len(received)
        await self.domain.after_rising()
        self.drive(count=count, rounds=rounds)
        await self.domain.pulse(dut.start)
        late = random.random() < 0.5  # decisions come when all images are in the core
        differences, last = 0, 0
        for number in numbers:
            self.words.expect(self.words_of(number))
        for at, number in enumerate(numbers, 1):
            ahead = first + len(self.words_of(number)) * (len(numbers) if late else at)
            if len(received) < ahead:
                has_arrived = await self.domain.until(
                    lambda ahead=ahead: len(received) >= ahead, PATIENCE
                )
                assert has_arrived, "an image does not go into the core"
                await self.domain.cycles(random.choice((0, 1, 10)))
            error = random.choice(((0, 0), (0, 0), (1, 0), (0, 1)))
            differences += any(error)
            decided, tick = np.subtract(self.arguments.expected[number], error) % (CLASSES, TICKS)
            last = await self.decisions.send({"class": int(decided), "tick": int(tick)})
        self.words.finish()
        await self.domain.falling
        assert not dut.running.value, "all is decided, and it runs"
        await self.domain.cycles(1)
        counted = unpack(self.counts, [int(dut.counts.value)])
        actual = {name: int(one[0]) for name, one in counted.items()}
        expected = {
            "decisions": len(numbers),
            "differences": differences,
            "cycles": last - received[first][0] + 1,
        }
        assert actual == expected, f"{actual}, expected {expected}"
