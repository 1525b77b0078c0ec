# SPDX-License-Identifier: BSD-2-Clause
"""The Encoder: words in, and the events held against the golden encoding."""

import random
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
import pytest

from firstspike.golden import encode, events
from firstspike.golden.timing import latencies
from firstspike.hdl.core.encoder import encoder_class
from firstspike.hdl.layer.events import Kind, input_layout
from firstspike.sim.harness.networks import network_of
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, CheckedSink, Dut, at_random, bits
from tests.support.simulators import one_simulator, sampled

PATIENCE = 2000
"""Cycles in which an image must be through."""

UNIT = 8

END = {"kind": Kind.END.value}


@one_simulator
@pytest.mark.parametrize(
    ("n_inputs", "width", "connected", "rows", "amount"),
    sampled(
        [
            *((40, 13, 26, 1, 200), (32, 8, 21, 1, 60), (5, 32, 3, 1, 60), (19, 8, 19, 1, 60)),
            *((40, 13, 40, 1, 60), (40, 8, 40, 4, 60), (39, 12, 39, 2, 60), (30, 32, 30, 2, 60)),
        ],
        6,
    ),
)
def test_encoder(simulator, n_inputs, width, connected, rows, amount, seed):
    """Send images as words of pixels; some inputs are connected, and a cycle takes `rows` rows."""
    rng = np.random.default_rng(seed)
    inputs = np.sort(rng.choice(n_inputs, connected, replace=False))
    shape = {"unit": UNIT, "deadline": 6 * UNIT, "n_inputs": n_inputs}
    network = network_of([np.ones((connected, 1), np.int32)], [1], inputs=inputs, **shape)
    bright = rng.random((amount, n_inputs)) < rng.choice([0, 0.03, 0.1, 0.5, 1], (amount, 1))
    count = -(-n_inputs // width)
    # Bits past the last pixel are to be ignored.
    rest = amount, count * width - n_inputs
    padded = np.concatenate([bright, rng.random(rest) < 0.5], axis=1)
    of_words = np.concatenate([bright, np.zeros(rest, bool)], axis=1).reshape(amount, count, width)
    arguments = SimpleNamespace(
        words=padded.reshape(amount, count, width) @ (1 << np.arange(width, dtype=np.int64)),
        ticks=encode(network, np.where(bright, 255, 0).astype(np.uint8)),
        most=np.maximum(of_words.sum(axis=2), 1).sum(axis=1).tolist(),  # cycles of each image
        deadline=network.deadline,
        rows=rows,
    )
    encoder = encoder_class(rows)(inputs, width=width, rows=rows, **shape)
    Simulation.of(encoder, simulator).run(__name__, arguments, seed=seed)


example = partial(test_encoder, "verilator", 40, 13, 26, 1, 200, seed=1)


@cocotb.test()
async def images(dut):
    """Images one after the other, some aborted on the way, with random pauses on both sides."""
    bench = await EncoderBench(dut).start()
    ticks, words = bench.arguments.ticks, bench.arguments.words.tolist()
    for image in range(len(words)):
        if image % 4 == 3 and len(words[0]) > 1:
            await bench.aborted(words[image], ticks[image])
        await bench.image(words[image], ticks[image], early_abort=image % 4 == 1)


@cocotb.test()
async def pace(dut):
    """Without pauses a word takes a cycle, and one more for each bright pixel after the first."""
    bench = await EncoderBench(dut, pauses=False).start()
    latency = latencies.ENCODER_WORD + latencies.ENCODER_ROW
    arguments = bench.arguments
    for words, ticks, most in zip(
        arguments.words.tolist(), arguments.ticks, arguments.most, strict=True
    ):
        begin = bench.domain.cycle
        await bench.image(words, ticks)
        end, _ = bench.events.received[-1]
        assert end - begin <= most + latency, f"an image takes {end - begin} cycles, not {most}"


class EncoderBench(BlockBench):
    """An Encoder's ports and what goes through them."""

    def __init__(self, dut: Dut, pauses: bool = True) -> None:
        super().__init__(dut)
        self.words = self.source("words", willing=at_random(1) if pauses else None)
        self.aborting = False
        self.begun = 0
        """Number of cycles in which an image began."""
        rows = self.arguments.rows
        layout = input_layout(self.arguments.ticks.shape[1], self.arguments.deadline, rows)
        # An abort withdraws what is offered, so its taker must be ready.
        willing = at_random(2, lambda: self.aborting) if pauses else None
        self.events = self.sink("events", layout, willing, partial(EventSink, rows))
        self.drive(start=1, abort_image=0)
        cocotb.start_soon(self._count())

    async def _count(self) -> None:
        while True:
            await self.domain.falling
            self.begun += int(self.dut.begins.value)

    def expect(self, ticks: np.ndarray) -> None:
        """Expect an image with these ticks of its rows."""
        if self.arguments.rows > 1:
            self.events.expect_rows(np.flatnonzero(ticks).tolist())
            self.events.expect([END])
            return
        self.events.expect(
            {"kind": Kind.SPIKE.value, "tick": tick, "address": row}
            for tick, row in events(ticks).tolist()
        )
        self.events.expect([END])

    async def image(self, words: list[int], ticks: np.ndarray, early_abort: bool = False) -> None:
        """Send an image and wait until its end has come.

        With `early_abort`, an abort comes until the first word is there: it has no effect.
        """
        self.expect(ticks)
        begun = self.begun
        self.dut.abort_image.value = early_abort
        await self.words.send(words[0])
        self.dut.abort_image.value = 0
        await self.words.send(*words[1:])
        assert await self.domain.until(self._done, PATIENCE), "an image does not end"
        assert self.begun == begun + 1, "an image begins once"
        await self.domain.rising

    def _done(self) -> bool:
        return not (self.events.missing or self.dut.busy.value)

    async def aborted(self, words: list[int], ticks: np.ndarray) -> None:
        """Send the beginning of an image and abort it."""
        self.expect(ticks)
        await self.words.send(*words[: random.randrange(1, len(words))])
        await self.domain.cycles(random.randrange(12))
        self.aborting = True
        await self.domain.rising
        await self.domain.pulse(self.dut.abort_image)
        self.aborting = False
        self.events.forget()  # nothing more may come
        await self.domain.cycles(20)


class EventSink(CheckedSink):
    """Compares the events of an image: its spikes in order, bank by bank, then one end."""

    def __init__(self, rows: int, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._rows = rows
        self._left: list[list[int]] = []
        """Rows of the expected image that have not arrived yet, per bank."""

    def expect_rows(self, rows: Sequence[int]) -> None:
        """Expect an image with these rows, of several banks."""
        banks = range(self._rows)
        self._left = [[row // self._rows for row in rows if row % self._rows == b] for b in banks]

    def take(self, cycle: int, payload: int) -> None:
        """Compare an event; what an end carries besides is of no importance."""
        event = self.fields(payload)
        if event["kind"] == Kind.END.value:
            assert not any(self._left), f"cycle {cycle}: the end, but {self._left} have not come"
            super().take(cycle, bits(self.layout, END))
        elif self._rows == 1:
            super().take(cycle, payload)
        else:
            assert event["tick"] == UNIT
            present = [b for b in range(self._rows) if event[f"banks.{b}.present"]]
            assert present, f"cycle {cycle}: an event without a spike"
            for bank in present:
                assert self._left[bank][:1] == [event[f"banks.{bank}.index"]], f"cycle {cycle}"
                del self._left[bank][0]
