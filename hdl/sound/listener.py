# SPDX-License-Identifier: BSD-2-Clause
"""The Listener, which converts a microphone's signal to spikes of words (DESIGN, section 6)."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.front_ends import sound_of
from firstspike.golden.learning.teaching import ReplayContent
from firstspike.golden.network import Network, NetworkError
from firstspike.golden.sound.filters import SAMPLE_BITS
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.sound.i2s import I2sMicrophone
from firstspike.golden.sound.microphone import Microphone, MicrophoneError
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.layer.events import input_layout
from firstspike.hdl.lib.block import Block, join, tap

from .filters import Filters
from .i2s import I2sReceiver
from .levels import LEVEL_BITS, Levels
from .pdm import PdmReceiver
from .replay_memory import ReplayMemory
from .words import Words

TAUGHT = ("lesson", "labels", "reportable", "waiting", "learning", "count")
"""Ports of a ReplayMemory that are also ports of a TeachableListener."""


class Listener(Block):
    """Detect words in the samples of a microphone, and send the spikes of each word to a core.

        pins -> receiver -> Filters -> Levels -> Words -> LevelsEncoder -> events

    The Listener processes samples while the core is busy. Back-pressure at `events` may last until
    the end of the next slot; after that samples are lost.

    With a microphone, the Listener uses higher gains of the filters (`Microphone.hears`).

    Parameters: `network`, a network of sound; `microphone`, or None for a stream of samples. Raises
    NetworkError for another network, and MicrophoneError if a sample has too few cycles.

    Latency: at most `latency(network)` cycles from the last sample of a word to its END, without
    back-pressure. Throughput: one sample per `cycles_per_sample`.
    """

    def __init__(
        self, network: Network, microphone: Microphone | None, **ports: wiring.Member
    ) -> None:
        self._network, self._microphone = network, microphone
        self._front = sound_of(network)
        if microphone is not None:
            self._front = microphone.hears(self._front)
            _check_cycles(self._front, microphone)
        layout = input_layout(len(network.inputs), network.deadline)
        pins = {
            #: Clock and data of the microphone.
            "microphone_clock": Out(1),
            "microphone_data": In(1),
            #: In the latest slot, no bit of the microphone differs from the bit before it.
            "missing": Out(1),
            #: In the latest slot, a sample was saturated.
            "clipped": Out(1),
            #: In the latest slot, a sample was lost because of back-pressure by the core.
            "lost": Out(1),
            #: The samples that the filters accept.
            "accepted": Out(tap(x=signed(SAMPLE_BITS))),
            #: High for a cycle: a sample is lost.
            "loses": Out(1),
        }
        if isinstance(microphone, I2sMicrophone):
            #: The word select; the microphone sends while it is low.
            pins["microphone_select"] = Out(1)
        samples = {"samples": In(stream.Signature(signed(SAMPLE_BITS)))}
        super().__init__(
            **(samples if microphone is None else pins),
            #: High for a cycle: a word has been detected.
            word=Out(1),
            #: The highest level of the word.
            top=Out(LEVEL_BITS),
            #: The word is isolated; valid from the cycle of `word` until the end of the next slot.
            isolated=Out(1),
            #: The spikes of each word, in order of tick, and END.
            events=Out(stream.Signature(layout)),
            **ports,
        )

    @staticmethod
    def latency(network: Network) -> int:
        """Return the maximum latency from a word's last sample to END, without back-pressure."""
        front = sound_of(network)
        return cycles_per_sample(front) + Words.cycles(front) + LevelsEncoder.cycles(network)

    def build(self, m: Module) -> None:
        front = self._front
        m.submodules.filters = filters = Filters(front.filters)
        m.submodules.levels = levels = Levels(front)
        m.submodules.words = words = Words(front)
        m.submodules.encoder = encoder = LevelsEncoder(self._network)
        outside = wiring.flipped(self)
        if self._microphone is None:
            wiring.connect(m, wiring.flipped(self.samples), filters.samples)
        else:
            receiver = self._receiver(m, self._microphone)
            m.submodules.receiver = receiver
            self._connect_receiver(m, receiver, filters)
        wiring.connect(m, filters.outputs, levels.outputs)
        wiring.connect(m, levels.levels, words.levels)
        self._connect_pictures(m, words, encoder)
        join(m, outside, words, "top", "word", "isolated")
        join(m, outside, encoder, "events")

    def _connect_pictures(self, m: Module, words: Words, encoder: LevelsEncoder) -> None:
        """Send the pictures of words to the encoder."""
        wiring.connect(m, words.pixels, encoder.pixels)

    def _receiver(self, m: Module, microphone: Microphone) -> PdmReceiver | I2sReceiver:
        """Return the receiver of the microphone."""
        if isinstance(microphone, PdmMicrophone):
            return PdmReceiver(microphone)
        assert isinstance(microphone, I2sMicrophone)
        receiver = I2sReceiver(microphone)
        m.d.comb += self.microphone_select.eq(receiver.select)
        return receiver

    def _connect_receiver(
        self, m: Module, receiver: PdmReceiver | I2sReceiver, filters: Filters
    ) -> None:
        """Connect the pins, and combine the flags of the samples of each slot."""
        samples, payload = receiver.samples, receiver.samples.payload
        m.d.comb += [
            self.microphone_clock.eq(receiver.clock),
            receiver.data.eq(self.microphone_data),
            filters.samples.valid.eq(samples.valid),
            filters.samples.payload.eq(payload.x),
            samples.ready.eq(filters.samples.ready),
            self.accepted.valid.eq(samples.valid & samples.ready),
            self.accepted.x.eq(payload.x),
            self.loses.eq(receiver.lost),
        ]
        sample = Signal(range(self._front.slot))
        last = sample == self._front.slot - 1
        constant, clipped, lost = Signal(init=1), Signal(), Signal()
        all_constant, any_clipped = constant & payload.constant, clipped | payload.clipped
        with m.If(receiver.lost):
            m.d.sync += lost.eq(1)
        with m.If(self.accepted.valid):
            m.d.sync += [
                sample.eq(Mux(last, 0, sample + 1)),
                constant.eq(all_constant | last),
                clipped.eq(any_clipped & ~last),
            ]
            with m.If(last):
                m.d.sync += [
                    self.missing.eq(all_constant),
                    self.clipped.eq(any_clipped),
                    self.lost.eq(lost),
                    lost.eq(receiver.lost),
                ]


class TeachableListener(Listener):
    """A Listener with a ReplayMemory between Words and LevelsEncoder.

    During passes, words are slower by at most the time of two pictures in the core.

    Parameters: those of Listener, and `content` of the ReplayMemory. Also raises NetworkError for
    references of another size than the network's pictures.
    """

    def __init__(
        self, network: Network, microphone: Microphone | None, content: ReplayContent
    ) -> None:
        pixels, expected = content.references.shape[1], sound_of(network).n_pixels
        if pixels != expected:
            raise NetworkError(
                f"a reference has {pixels} pixels: a picture of this network has {expected}"
            )
        self._replay_memory = ReplayMemory(content, network.shape[-1])
        members = self._replay_memory.signature.members
        super().__init__(network, microphone, **{name: members[name] for name in TAUGHT})

    def _connect_pictures(self, m: Module, words: Words, encoder: LevelsEncoder) -> None:
        m.submodules.replay_memory = memory = self._replay_memory
        wiring.connect(m, words.pixels, memory.words)
        wiring.connect(m, memory.pictures, encoder.pixels)
        m.d.comb += memory.isolated.eq(words.isolated)
        join(m, wiring.flipped(self), memory, *TAUGHT)


def cycles_per_sample(front: FrontEnd) -> int:
    """Return the maximum clock cycles per sample, reached at the end of a slot."""
    return Filters.cycles(front.filters) + len(front.filters) * Levels.cycles(front)


def _check_cycles(front: FrontEnd, microphone: Microphone) -> None:
    """Raise MicrophoneError unless each sample is processed before the next one arrives."""
    needed, available = cycles_per_sample(front), microphone.cycles
    if available < needed:
        raise MicrophoneError(
            f"a sample has {available} clock cycles: {len(front.filters)} filters need {needed}. "
            f"Take a clock of at least {needed * front.rate / 1e6:.2f} MHz, or fewer filters."
        )
    if Words.cycles(front) > (front.slot - 1) * available:
        raise MicrophoneError(
            f"a slot has {front.slot * available} clock cycles: a picture needs "
            f"{Words.cycles(front)}. Take longer slots."
        )
