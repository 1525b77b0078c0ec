# SPDX-License-Identifier: BSD-2-Clause
"""The link: bytes from and to a host on one side, the streams of a core on the other."""

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.pipeline import Stage

from .board_rom import BoardRom
from .engine import Engine
from .framing.receiver import Receiver
from .framing.ring import Ring
from .framing.transmitter import ANSWER_BYTE, Transmitter
from .framing.uart import RECEIVED
from .protocol.formats import BUILD_BYTES
from .protocol.identity import identity_of
from .protocol.messages import lengths_of

RING_BYTES = 8192
"""Of requests: 63 images of MNIST pixel by pixel. Half of the smallest single-port RAM there is."""


def outer_members(config: CoreConfig) -> dict[str, wiring.Member]:
    """The ports of a Link that are not for the core."""
    return {
        #: Always ready, for a line cannot wait; `receiver.SPACING` clocks at least between bytes.
        "received": In(stream.Signature(RECEIVED)),
        "sent": Out(stream.Signature(8)),
        #: Level of a button. With its rising edge the stored image goes through the core when there
        #: is nothing else to do; a button that bounces shows the same image more than once.
        "show": In(1),
        #: The class of the latest decision.
        "shown": Out(range(config.layers[-1].folding.n_out)),
        #: There has been one.
        "shown_valid": Out(1),
    }


class Link(Block):
    """Carries out the requests of a host (see `protocol`).

        received -> Receiver -> Ring -> Engine -> core
        sent <- Transmitter <- answers <- Engine <- core

    Parameters: `config` of the core for `network` as its connected inputs see it. `network` is the
    whole one. `build`, 8 bytes, names the design; `loaded` says that the weights are to be written
    after power-up; `digit`, bool [n_connected], is the image to show. `ring_bytes`, a power of two.
    `bench_images`, how many images it holds to play them. `gapless`, as of the Transmitter.
    """

    def __init__(
        self,
        config: CoreConfig,
        network: Network,
        *,
        clock_hz: int,
        build: bytes = bytes(BUILD_BYTES),
        loaded: bool = False,
        digit: np.ndarray | None = None,
        ring_bytes: int = RING_BYTES,
        bench_images: int = 0,
        gapless: bool = False,
    ) -> None:
        if digit is not None and config.bitmap is None:
            raise ValueError("only a core with a bitmap has an image to show: leave `digit` out")
        if len(build) != BUILD_BYTES:
            raise ValueError(f"build has {len(build)} bytes: give the {BUILD_BYTES} of its hash")
        identity = identity_of(
            config,
            network,
            clock_hz=clock_hz,
            build=build,
            loaded=loaded,
            ring_bytes=ring_bytes,
            bench_images=bench_images,
        )
        mask = None
        if config.bitmap is not None and len(network.inputs) < network.n_inputs:
            mask = np.isin(np.arange(network.n_inputs), network.inputs)
        self._rom = BoardRom(identity, mask, digit)
        lengths = lengths_of(config, network, bench_images)
        self._receiver = Receiver(lengths, selects=mask is not None)
        self._ring = Ring(ring_bytes)
        self._engine = Engine(config, len(identity.to_bytes()), digit is not None, bench_images)
        self._transmitter = Transmitter(gapless)
        super().__init__(
            **outer_members(config),
            #: Reset the core, but for its weights.
            reset_core=Out(1),
            core=In(CoreSignature(config)),
        )

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
        # A register here, for on both sides of it much depends on who can go on.
        m.submodules.stage = stage = Stage(ANSWER_BYTE)
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
