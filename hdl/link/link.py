# SPDX-License-Identifier: BSD-2-Clause
"""The Link, which connects a byte stream of a host with the streams of a core."""

from collections.abc import Iterator

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.pipeline import Stage

from .board_rom import BoardRom
from .engine import Engine
from .framing.receiver import Receiver
from .framing.ring import Ring
from .framing.transmitter import ANSWER_BIT, Transmitter
from .framing.uart import RECEIVED
from .handlers.identity import LACK
from .protocol.formats import identity_bytes
from .protocol.identity import Facts, identity_of
from .protocol.messages import bitmap_bytes, lengths_of


def outer_members(config: CoreConfig) -> dict[str, wiring.Member]:
    """Return the ports of a Link except those of the core."""
    return {
        #: Bytes from the line. Always ready, because a line has no back-pressure; consecutive bytes
        #: are at least `receiver.SPACING` cycles apart.
        "received": In(stream.Signature(RECEIVED)),
        #: Bytes for the line.
        "sent": Out(stream.Signature(8)),
        #: Level of a button, asynchronous. A rising edge requests the stored image, which the core
        #: processes when no request is pending. Contact bounce repeats the image.
        "show": In(1),
        #: The class of the latest decision.
        "shown": Out(range(config.layers[-1].folding.n_out)),
        #: `shown` is valid: at least one image has been decided.
        "shown_valid": Out(1),
    }


class Link(Block):
    """Receive the requests of a host, execute them on a core, and send the answers.

        received -> Receiver -> Ring -> Engine -> core
        sent <- Transmitter <- answers <- Engine <- core

    `protocol` defines the requests. The Receiver drops bad frames, and frames for which the Ring
    has no room; the host must not exceed the capacity of the Ring.

    Parameters: `config` of the core, for the connected inputs of `network`; `network`, with all
    inputs; `facts` of the design; `digit`, bool [n_connected], the image to show, or None;
    `gapless`, as for the Transmitter; `flashed`, whether the first weights are from a flash.

    Latency and throughput: those of Receiver, Ring, Engine and Transmitter; a register between
    Engine and Transmitter adds one cycle to the latency of answers.
    """

    def __init__(
        self,
        config: CoreConfig,
        network: Network,
        facts: Facts,
        *,
        digit: np.ndarray | None = None,
        gapless: bool = False,
        flashed: bool = False,
    ) -> None:
        if digit is not None and config.bitmap is None:
            raise ValueError("only a core with a bitmap has an image to show: leave `digit` out")
        identity = identity_of(config, network, facts)
        mask = None
        if config.bitmap is not None and len(network.inputs) < network.n_inputs:
            mask = np.isin(np.arange(network.n_inputs), network.inputs)
        self._rom = BoardRom(identity, mask, digit)
        lengths = lengths_of(config, network, facts.bench_images)
        self._receiver = Receiver(lengths, selects=mask is not None)
        self._ring = Ring(facts.ring_bytes)
        self._engine = Engine(
            config, len(identity.to_bytes()), digit is not None, facts.bench_images, flashed
        )
        self._flashed = flashed
        self._transmitter = Transmitter(gapless)
        super().__init__(
            **outer_members(config),
            #: Reset the core except its weights.
            reset_core=Out(1),
            #: The ports of the core.
            core=In(CoreSignature(config)),
            #: Whether the core lacks weights, from FirstWeights.
            lack=In(LACK) if flashed else None,
        )

    @staticmethod
    def memories(
        config: CoreConfig, network: Network, ring_bytes: int, bench_images: int
    ) -> Iterator[Memory]:
        """Yield the memories of all blocks; a core with a bitmap has an image to show."""
        connected, inputs = len(network.inputs), network.n_inputs
        bitmap = config.bitmap is not None
        mask = bitmap_bytes(inputs) if bitmap and connected < inputs else 0
        digit = bitmap_bytes(connected) if bitmap else 0
        identity = identity_bytes(len(config.layers), bench_images > 0, config.convolves)
        yield from inside("ring", Ring.memories(ring_bytes))
        yield from inside("transmitter", Transmitter.memories())
        yield from inside("rom", BoardRom.memories(identity, mask, digit))
        yield from inside("engine", Engine.memories(config, bench_images))

    def build(self, m: Module) -> None:
        m.submodules.rom = rom = self._rom
        m.submodules.receiver = receiver = self._receiver
        m.submodules.ring = ring = self._ring
        m.submodules.engine = engine = self._engine
        m.submodules.transmitter = transmitter = self._transmitter
        outside = wiring.flipped(self)
        join(m, outside, receiver, "received")
        join(m, receiver, ring, "put")
        join(m, ring, engine, "get")
        # This register cuts a long combinational path of `ready`.
        m.submodules.stage = stage = Stage(ANSWER_BIT)
        wiring.connect(m, engine.answer, stage.i)
        wiring.connect(m, stage.o, transmitter.answer)
        join(m, outside, transmitter, "sent")
        join(m, receiver, ring, "drop", "full")
        join(m, ring, engine, "every_cycle", "follows", "release", "rewind")
        m.d.comb += [
            engine.fault.valid.eq(receiver.fault.valid),
            engine.fault.cause.eq(receiver.fault.cause),
            engine.expected.eq(receiver.expected),
            rom.select.valid.eq(receiver.select.valid),
            rom.select.place.eq(receiver.select.place),
            receiver.mask.eq(rom.data),
            rom.index.eq(engine.rom_index),
            rom.digit.eq(engine.rom_digit),
            engine.rom_data.eq(rom.data),
            engine.rom_busy.eq(receiver.select.valid),
        ]
        pressed, before = Signal(), Signal()
        m.submodules.button = FFSynchronizer(self.show, pressed)
        m.d.sync += before.eq(pressed)
        m.d.comb += engine.show.eq(pressed & ~before)
        join(m, outside, engine, "reset_core", "shown", "shown_valid", "core")
        if self._flashed:
            join(m, outside, engine, "lack")
