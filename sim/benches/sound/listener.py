# SPDX-License-Identifier: BSD-2-Clause
"""Bench of the Listener with a core behind: from the microphone's bits to decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cocotb
import numpy as np

from firstspike.golden import Network, Results, differences, encode, infer
from firstspike.golden.front_ends import sound_of
from firstspike.golden.sound.front import Word
from firstspike.golden.sound.microphone import Microphone
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig
from firstspike.sim.benches.core.outcome import CoreOutcome, results_of
from firstspike.sim.harness.bench import BlockBench, bench_test
from firstspike.sim.harness.runner import Simulation, SimulationError
from firstspike.sim.harness.streams import Dut, StreamSink
from firstspike.sim.harness.verilog import verilog_of

from .ear import CHUNK, FLAGS, Ear

TOP = "ear"


class Heard(NamedTuple):
    """What was decided about the words in some bits."""

    words: list[Word]
    results: Results
    waits: np.ndarray
    """Clock cycles from the end of each word's last frame to its decision, int64 [n]."""


@dataclass(frozen=True)
class EarParameters:
    """What the bench is told: the bits in chunks, and the cycles of a bit, sample and slot."""

    chunks: list[int]
    bit: int
    sample: int
    slot: int


def golden_words(
    network: Network, microphone: Microphone, bits: np.ndarray
) -> tuple[list[Word], np.ndarray]:
    """Return the words that are known at the end of the bits, and their pictures uint8 [n, ...]."""
    front = microphone.hears(sound_of(network))
    x = microphone.samples(bits)
    levels = front.levels(x)[: len(x) // front.slot]
    words = list(front.words(levels))
    pictures = [front.picture(levels, word) for word in words]
    return words, np.array(pictures, np.uint8).reshape(-1, front.frames, len(front.filters))


def simulate(
    network: Network,
    folding: Folding,
    microphone: Microphone,
    bits: np.ndarray,
    *,
    simulator: str = "verilator",
    waves: Any = None,
    seed: int = 1,
) -> Heard:
    """Play a microphone's bits, uint8 [n], and hold flags and decisions against golden.

    The bits end with silence, in which no word is under way. Raises SimulationError at the first
    difference.
    """
    verilog = verilog_of(Ear(network, folding, microphone), TOP)
    simulation = Simulation(verilog, TOP, simulator, waves)
    slot = sound_of(network).slot
    given = EarParameters(
        chunks=chunks_of(bits),
        bit=microphone.divider,
        sample=microphone.cycles,
        slot=slot * microphone.cycles,
    )
    start, received, flags = simulation.run(__name__, given, seed=seed)
    _check_flags(microphone, bits, slot, flags)
    return compared(network, folding, microphone, bits, start, received)


def chunks_of(bits: np.ndarray) -> list[int]:
    """Return bits uint8 [n] as chunks of a Tape, the first bit the lowest."""
    padded = np.append(bits, np.zeros(-len(bits) % CHUNK, np.uint8))
    rows = np.packbits(padded.reshape(-1, CHUNK), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


def compared(
    network: Network,
    folding: Folding,
    microphone: Microphone,
    bits: np.ndarray,
    start: int,
    received: Sequence[tuple[int, int]],
) -> Heard:
    """Hold the decisions against golden, (cycle, payload) each; the first bit came at `start`.

    Raises SimulationError at the first difference, or if another number of words is heard.
    """
    front, config = sound_of(network), CoreConfig.of(network, folding)
    words, pictures = golden_words(network, microphone, bits)
    if len(received) != len(words):
        raise SimulationError(f"{len(received)} words are heard, expected {len(words)}.")
    decisions = [(number, payload) for number, (_, payload) in enumerate(received)]
    outcome = CoreOutcome(decisions=decisions, answers=[], logs=[])
    results = results_of(config, outcome, len(words))
    for difference in differences(infer(network, encode(network, pictures)), results):
        raise SimulationError(str(difference))
    slot = front.slot * microphone.cycles
    ends = [start + (word.slot + front.window) * slot for word in words]
    return Heard(words, results, np.array([cycle for cycle, _ in received], np.int64) - ends)


def _check_flags(
    microphone: Microphone, bits: np.ndarray, slot: int, flags: Sequence[dict[str, int]]
) -> None:
    """Raise SimulationError unless the flags of each slot are those of golden."""
    slots = len(bits) // (microphone.bits_per_sample * slot)
    constant, clipped = (
        of_samples[: slots * slot].reshape(slots, slot)
        for of_samples in (microphone.constant(bits), microphone.clipped(bits))
    )
    expected = constant.all(axis=1), clipped.any(axis=1)
    for k, (missing, clips) in enumerate(zip(*expected, strict=True)):
        wanted = {"missing": int(missing), "clipped": int(clips), "lost": 0}
        if flags[k] != wanted:
            raise SimulationError(f"slot {k}: the flags are {flags[k]}, expected {wanted}.")


class EarBench(BlockBench):
    """The ports of an Ear."""

    Given = EarParameters

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.chunks = self.source("chunks")
        self.decisions = self.sink("decision", kind=StreamSink)
        self.flags: list[dict[str, int]] = []
        """The flags of each slot."""

    async def watch(self) -> None:
        """Look at the flags half a sample after the end of each slot."""
        await self.domain.cycles(self.given.sample // 2)
        while True:
            await self.domain.cycles(self.given.slot)
            self.flags.append({name: int(self.dut[name].value) for name in FLAGS})


@bench_test(EarBench)
async def listens(bench):
    """Play all bits, and report when, decisions that have come after the last bit, and flags."""
    first, *chunks = bench.given.chunks
    start = await bench.chunks.send(first)
    cocotb.start_soon(bench.watch())
    await bench.chunks.send_all(chunks)
    await bench.domain.cycles(CHUNK * bench.given.bit + bench.given.sample)
    return start, bench.decisions.received, bench.flags
