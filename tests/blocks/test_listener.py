# SPDX-License-Identifier: BSD-2-Clause
"""The Listener: its events, and with a core behind all from a microphone's bits to decisions."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import NamedTuple

import cocotb
import numpy as np
import pytest
from amaranth.hdl import Module, ResetInserter
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden import Features, Network, Results, differences, encode, events, infer
from firstspike.golden.front_ends import sound_of
from firstspike.golden.sound.defaults import default_front_end
from firstspike.golden.sound.front import FrontEnd, Word
from firstspike.golden.sound.i2s import I2sMicrophone
from firstspike.golden.sound.microphone import Microphone
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.ports import decision_layout
from firstspike.hdl.layer.events import input_layout
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.sound.listener import Listener, cycles_per_sample
from firstspike.sim.benches.core.outcome import CoreOutcome, results_of
from firstspike.sim.benches.standalone.tape import CHUNK, Tape, chunks_of
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import Simulation, SimulationError
from firstspike.sim.harness.streams import BlockBench, Dut, StreamSink, at_random
from tests.support.listening import front_end
from tests.support.simulators import refused
from tests.support.spikes import images_of

CLOCK_HZ = 12_000_000

FLAGS = ("missing", "clipped", "lost")


@pytest.mark.long
def test_listener_of_a_small_front_end():
    front = front_end((300, 1000, 3000))
    outcome = hears_tones(front, PdmMicrophone(4, 64, 2))
    assert len(outcome.words) >= 4
    assert outcome.waits.max() <= Listener.latency(small_network(front)) + 200  # of the core


@pytest.mark.long
def test_listener_with_an_i2s_microphone():
    front = front_end((300, 1000, 3000))
    outcome = hears_tones(front, I2sMicrophone(4, 2, 2))
    assert len(outcome.words) >= 4


def test_listener_that_takes_samples():
    front = front_end((300, 2000))
    network, x = small_network(front), tones(front)
    levels = front.levels(x)[: len(x) // front.slot]
    pictures = [front.picture(levels, word) for word in front.words(levels)]
    images = [
        [(tick, row) for tick, row in events(ticks).tolist()]
        for ticks in encode(network, np.array(pictures))
    ]
    assert len(images) >= 4
    bits = (x.astype(np.int64) & 0xFFFF).tolist()
    arguments = SimpleNamespace(network=network, x=bits, images=images)
    Simulation.of(Listener(network, None)).run(__name__, arguments, "words")


@pytest.mark.long
def test_listener_of_the_usual_filters():
    """The iCEBreaker's clock and filters are used, with short words."""
    front = replace(default_front_end(), slot=16, slots=1, frames=3, least=60, after=1)
    outcome = hears_tones(front, PdmMicrophone.of(CLOCK_HZ, front.rate))
    assert len(outcome.words) >= 3


def test_impossible_listeners_are_refused():
    usual = default_front_end()
    plain = network_of([np.ones((4, 2), np.int32)], [1])
    refused(
        lambda: Listener(plain, None),
        "the network does not listen to sound: train one on recordings",
    )
    few = PdmMicrophone(4, 100)
    needed = cycles_per_sample(usual)
    refused(
        lambda: Listener(small_network(usual), few),
        rf"400 clock cycles: 16 filters need {needed}. Take a clock of at least 5\.\d\d MHz",
    )
    long = replace(usual, slot=16, slots=16, frames=64)
    refused(
        lambda: Listener(small_network(long), PdmMicrophone(4, 376)),
        "a picture needs .* longer slots",
    )


@cocotb.test()
async def listens(dut):
    """Play all bits, and report when, decisions that have come after the last bit, and flags."""
    bench = await EarBench(dut).start()
    first, *chunks = bench.arguments.chunks
    start = await bench.chunks.send(first)
    cocotb.start_soon(bench.watch())
    await bench.chunks.send(*chunks)
    await bench.domain.cycles(CHUNK * bench.arguments.bit + bench.arguments.sample)
    report((start, bench.decisions.received, bench.flags))


@cocotb.test()
async def words(dut):
    """The spikes of all words, and no others."""
    bench = await SampleBench(dut).start()
    arguments = bench.arguments
    await bench.samples.send(*arguments.x)
    await bench.domain.cycles(100 * Listener.latency(arguments.network))
    assert images_of(bench.layout, (p for _, p in bench.events.received)) == arguments.images


def small_network(front: FrontEnd, seed: int = 1) -> Network:
    """A network of random weights that hears with this front end."""
    features = Features(None, complement=True, constant=True, sound=front)
    sizes = (2 * front.n_pixels + 1, 7, 4)
    weights = random_weights(np.random.default_rng(seed), sizes, -4, 8)
    return network_of(weights, (9, 5), encoding="levels-8", features=features)


def tones(front: FrontEnd, seed: int = 1) -> np.ndarray:
    """Tones of several loudnesses in noise, with silence between them, int16 [n]."""
    rng, length = np.random.default_rng(seed), (front.window + 2) * front.slot
    parts = [np.zeros(length)]
    for f, loudness in ((300, 3000), (1000, 9000), (3000, 500), (700, 30000)):
        tone = loudness * np.sin(2 * np.pi * f / front.rate * np.arange(length))
        parts += [tone, np.zeros(2 * length)]
    x = np.concatenate(parts)
    return (x + rng.normal(0, 3, len(x))).clip(-(2**15), 2**15 - 1).astype(np.int16)


class ListenerOutcome(NamedTuple):
    """The decisions about the words in a recording of bits."""

    words: list[Word]
    results: Results
    waits: np.ndarray
    """Clock cycles from the end of each word's last frame to its decision, int64 [n]."""


def hears_tones(
    front: FrontEnd, microphone: Microphone, simulator: str = "verilator", seed: int = 1
) -> ListenerOutcome:
    """Play tones, and in the middle of a silence a microphone that is stuck at 0, then at 1.

    Flags and decisions are held against golden. The bits end with silence, in which no word is
    under way.
    """
    network = small_network(front)
    bits = microphone.bits(tones(front))
    stuck = len(bits) // 3
    for value in (0, 1):
        end = stuck + 3 * front.slot * microphone.bits_per_sample
        bits[stuck:end] = value
        stuck = end
    folding = Folding.of(network, CoreShape(lanes=2))
    arguments = SimpleNamespace(
        chunks=chunks_of(bits),
        bit=microphone.divider,
        sample=microphone.cycles,
        slot=front.slot * microphone.cycles,
    )
    simulation = Simulation.of(Ear(network, folding, microphone), simulator)
    start, received, flags = simulation.run(__name__, arguments, "listens", seed)
    _check_flags(microphone, bits, front.slot, flags)
    return compared(network, folding, microphone, bits, start, received)


example = partial(hears_tones, front_end((300, 1000, 3000)), PdmMicrophone(4, 64, 2))


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


def compared(
    network: Network,
    folding: Folding,
    microphone: Microphone,
    bits: np.ndarray,
    start: int,
    received: Sequence[tuple[int, int]],
) -> ListenerOutcome:
    """Hold the decisions against golden, (cycle, payload) each; the first bit came at `start`.

    Raises SimulationError at the first difference, or at another number of words.
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
    return ListenerOutcome(
        words, results, np.array([cycle for cycle, _ in received], np.int64) - ends
    )


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
        expected_flags = {"missing": int(missing), "clipped": int(clips), "lost": 0}
        if flags[k] != expected_flags:
            raise SimulationError(f"slot {k}: the flags are {flags[k]}, expected {expected_flags}.")


class Ear(Block):
    """A Tape, a Listener and a core of a network of sound, as a board has them.

    The Listener begins with the first bit.

    Parameters: `network`, its `folding`, and the `microphone`.
    """

    def __init__(self, network: Network, folding: Folding, microphone: Microphone) -> None:
        self._network, self._microphone = network, microphone
        self._config = CoreConfig.of(network, folding)
        super().__init__(
            chunks=In(stream.Signature(CHUNK)),
            decision=Out(stream.Signature(decision_layout(self._config.layers[-1]))),
            **{name: Out(1) for name in FLAGS},
        )

    def build(self, m: Module) -> None:
        """Put the three into the module, and connect them."""
        m.submodules.tape = tape = Tape()
        listener = Listener(self._network, self._microphone)
        m.submodules.listener = ResetInserter(~tape.plays)(listener)
        m.submodules.core = core = Core(self._config, self._network.weights)
        outside = wiring.flipped(self)
        m.d.comb += [
            tape.clock.eq(listener.microphone_clock),
            listener.microphone_data.eq(tape.data),
        ]
        wiring.connect(m, listener.events, core.events)
        join(m, outside, tape, "chunks")
        join(m, outside, core, "decision")
        join(m, outside, listener, *FLAGS)


class EarBench(BlockBench):
    """The ports of an Ear."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.chunks = self.source("chunks")
        self.decisions = self.sink("decision", kind=StreamSink)
        self.flags: list[dict[str, int]] = []
        """The flags of each slot."""

    async def watch(self) -> None:
        """Look at the flags half a sample after the end of each slot."""
        await self.domain.cycles(self.arguments.sample // 2)
        while True:
            await self.domain.cycles(self.arguments.slot)
            self.flags.append({name: int(self.dut[name].value) for name in FLAGS})


class SampleBench(BlockBench):
    """The samples and events of a Listener, with pauses on both sides."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        network = self.arguments.network
        self.layout = input_layout(len(network.inputs), network.deadline)
        self.samples = self.source("samples", willing=at_random(1))
        self.events = self.sink("events", self.layout, at_random(2), StreamSink)
