# SPDX-License-Identifier: BSD-2-Clause
"""A design for simulation: a microphone that plays bits, a Listener, and a core."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden import Network
from firstspike.golden.sound.microphone import Microphone
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.ports import decision_layout
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.sound.listener import Listener

CHUNK = 256
"""Bits that the bench gives at once: Python is woken once for so many."""

FLAGS = ("missing", "clipped", "lost")


class Tape(Block):
    """Plays bits as a microphone does: the next one when the microphone's clock has fallen.

    The last bit stays. A chunk is taken every `CHUNK` periods of that clock, and must be there.
    """

    def __init__(self) -> None:
        super().__init__(
            chunks=In(stream.Signature(CHUNK)),
            clock=In(1),
            data=Out(1),
            #: The first bit is there.
            plays=Out(1),
        )

    def build(self, m: Module) -> None:
        """Put the shift register of a chunk into the module."""
        bits, left = Signal(CHUNK), Signal(range(CHUNK))
        before, falls = Signal(), Signal()
        m.d.sync += before.eq(self.clock)
        m.d.comb += [
            falls.eq((before & ~self.clock) | ~self.plays),
            self.chunks.ready.eq(falls & (left == 0)),
            self.data.eq(bits[0]),
        ]
        with m.If(self.chunks.valid & self.chunks.ready):
            m.d.sync += [bits.eq(self.chunks.payload), left.eq(CHUNK - 1), self.plays.eq(1)]
        with m.Elif(falls & (left != 0)):
            m.d.sync += [bits.eq(bits >> 1), left.eq(left - 1)]


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
            decision=Out(stream.Signature(decision_layout(self._config))),
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
