# SPDX-License-Identifier: BSD-2-Clause
"""A core with its link, and optionally a serial line: the design of a board but pins and clock."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.flash.spi import WIRES as FLASH_WIRES
from firstspike.hdl.flash.weight_port_arbiter import WeightPortArbiter
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.pipeline import SkidBuffer, Stage

from .board_rom import BoardRom
from .engine import Engine
from .framing.packet_fifo import PacketFifo
from .framing.receiver import Receiver
from .framing.spi import SpiSlave
from .framing.transmitter import Transmitter
from .framing.uart import RECEIVED, UartReceiver, UartTransmitter, divisor_of
from .handlers.handler import core_ports
from .protocol.formats import BAUD, identity_bytes
from .protocol.identity import DesignProperties, identity_of
from .protocol.lines import SPI_CLOCKS, Line
from .protocol.messages import bitmap_bytes, lengths_of

DEBUG = "debug_"
"""Prefix of the wires that a netlist keeps for its testbench: the taps of the core.

`log_0` becomes `debug_log_0_valid` and, for the fields of a spike, `debug_log_0_image`, ...
"""


def kept_wire(layer: int, field: str) -> str:
    """Return the name of the kept wire for a field of a layer's spike log (dotted if nested)."""
    return f"{DEBUG}log_{layer}_{field.replace('.', '_')}"


LINE_PORTS = {
    #: Bytes from the line. Always ready, because a line has no back-pressure; consecutive bytes are
    #: at least `receiver.SPACING` cycles apart. Then the bytes for the line.
    None: {"received": In(stream.Signature(RECEIVED)), "sent": Out(stream.Signature(8))},
    Line.UART: {"rx": In(1, init=1), "tx": Out(1, init=1)},
    Line.SPI: {"sck": In(1), "mosi": In(1), "select": In(1), "miso": Out(1)},
}
"""The ports to the host for each kind of line, and for a link without a line."""


def clocks_a_bit(line: Line, clock_hz: float, baud: int = BAUD) -> int:
    """Return the clock cycles per bit on a line, for SPI the minimum.

    Raises ClockError if a UART cannot work at `clock_hz`.
    """
    return SPI_CLOCKS if line is Line.SPI else divisor_of(clock_hz, baud)


class LinkedCore(Block):
    """Receive the requests of a host, execute them on a core, and send the responses.

        line -> Receiver -> PacketFifo -> Engine -> core
        line <- Transmitter <------------ Engine <- core

    `protocol` defines the requests. The Receiver drops bad frames, and frames for which the
    PacketFifo has no room; the host must not exceed its capacity.

    Ports: those of the line (`LINE_PORTS`); for a UART the wires from and to the host, high while
    idle, for SPI as in SpiSlave; `show`, `shown`, `shown_valid`; and the Core's taps log_0, log_1,
    ... With weights in a flash also `flash`, the wires to the flash, and `waiting`, high while the
    core has no weights.

    Parameters: `config` of the core, for the connected inputs of `network`; `network`, with all
    inputs; `clock_hz`; `line`, UART, SPI, or None for streams of bytes; `baud`, the rate of the
    UART; `weights` as for Core, or None if the host writes them after power-up; `flash_address` of
    the weights, or None without flash; `digit`, bool [n_connected], the image to show, or None. All
    other parameters are fields of DesignProperties. Raises ClockError if `clock_hz` does not permit
    the rate of the line, and ValueError for a digit of a core without bitmap.

    Latency: those of the blocks, and one cycle for a register in front of events and words.
    """

    def __init__(
        self,
        config: CoreConfig,
        network: Network,
        *,
        clock_hz: int,
        line: Line | None = None,
        baud: int = BAUD,
        weights: Sequence[np.ndarray] | None = None,
        flash_address: int | None = None,
        digit: np.ndarray | None = None,
        **properties: Any,
    ) -> None:
        if digit is not None and config.bitmap is None:
            raise ValueError("only a core with a bitmap has an image to show: leave `digit` out")
        self.line = line
        self._bit_clocks = clocks_a_bit(line, clock_hz, baud) if line else 0
        flashed = flash_address is not None
        design = DesignProperties(
            clock_hz=clock_hz, loaded=weights is None and not flashed, **properties
        )
        identity = identity_of(config, network, design)
        self._core = Core(config, weights, checks_addresses=False)
        self._rom = BoardRom(identity, digit)
        self._receiver = Receiver(lengths_of(config, network, design.bench_images))
        self._fifo = PacketFifo(design.ring_bytes)
        length = len(identity.to_bytes())
        self._engine = Engine(config, length, digit is not None, design.bench_images, flashed)
        self._transmitter = Transmitter(gapless=line is Line.SPI)
        self._arbiter, flash_ports = None, {}
        if flash_address is not None:
            self._arbiter = WeightPortArbiter(config, design.build, flash_address, clock_hz)
            flash_ports = {"flash": Out(wiring.Signature(FLASH_WIRES)), "waiting": Out(1)}
        members = self._core.signature.members
        self._logs = {name: members[name] for name in members if name.startswith("log_")}
        super().__init__(
            **LINE_PORTS[line],
            #: Level of a button, asynchronous. A rising edge requests the stored image, which the
            #: core processes when no request is pending. Contact bounce repeats the image.
            show=In(1),
            #: The class of the latest decision.
            shown=Out(range(config.layers[-1].folding.n_out)),
            #: `shown` is valid: at least one image has been decided.
            shown_valid=Out(1),
            **flash_ports,
            **self._logs,
        )

    @staticmethod
    def memories(
        config: CoreConfig, network: Network, ring_bytes: int, bench_images: int, shows: bool
    ) -> Iterator[Memory]:
        """Yield the memories of the link.

        `shows` is whether the ROM of a core with a bitmap has an image to show.
        """
        connected, inputs = len(network.inputs), network.n_inputs
        bitmap = config.bitmap is not None
        mask = bitmap_bytes(inputs) if bitmap and connected < inputs else 0
        digit = bitmap_bytes(connected) if bitmap and shows else 0
        identity = identity_bytes(len(config.layers), bench_images > 0, config.convolves, mask)
        yield from inside("fifo", PacketFifo.memories(ring_bytes))
        yield from inside("transmitter", Transmitter.memories())
        yield from inside("rom", BoardRom.memories(identity, digit))
        yield from inside("engine", Engine.memories(config, bench_images))

    def build(self, m: Module) -> None:
        m.submodules.receiver = receiver = self._receiver
        m.submodules.fifo = fifo = self._fifo
        m.submodules.engine = engine = self._engine
        m.submodules.transmitter = transmitter = self._transmitter
        m.submodules.rom = rom = self._rom
        self._connect_line(m)
        join(m, receiver, fifo, "put", "drop", "full")
        join(m, fifo, engine, "get", "every_cycle", "prefetched", "release")
        join(m, engine, transmitter, "response")
        join(m, receiver, engine, "fault", "expected")
        m.d.comb += [
            rom.enable.eq(engine.rom_enable),
            rom.index.eq(engine.rom_index),
        ]
        wiring.connect(m, rom.bytes, engine.rom_bytes)
        if "digit" in rom.signature.members:
            m.d.comb += rom.digit.eq(engine.rom_digit)
        pressed, was_pressed = Signal(), Signal()
        m.submodules.button = FFSynchronizer(self.show, pressed)
        m.d.sync += was_pressed.eq(pressed)
        m.d.comb += engine.show.eq(pressed & ~was_pressed)
        outside = wiring.flipped(self)
        join(m, outside, engine, "shown", "shown_valid")
        join(m, outside, self._core, *self._logs)
        self._connect_core(m)

    def _connect_line(self, m: Module) -> None:
        """Connect the Receiver and the Transmitter with the line."""
        outside, line = wiring.flipped(self), self.line
        if line is None:
            join(m, outside, self._receiver, "received")
            join(m, outside, self._transmitter, "sent")
            return
        if line is Line.UART:
            m.submodules.uart_receiver = source = UartReceiver(self._bit_clocks)
            m.submodules.uart_transmitter = sink = UartTransmitter(self._bit_clocks)
            join(m, outside, source, "rx")
            join(m, outside, sink, "tx")
        else:
            m.submodules.spi_slave = source = sink = SpiSlave()
            join(m, outside, source, *LINE_PORTS[line])
        join(m, source, self._receiver, "received")
        join(m, self._transmitter, sink, "sent")

    def _connect_core(self, m: Module) -> None:
        """Connect Engine and Core, with pipeline registers between them."""
        engine, core, config = self._engine, self._core, self._core.config
        m.submodules.core = ResetInserter(engine.reset_core)(core)
        wiring.connect(m, self._delay(m, "events", engine.core.events), core.events)
        join(m, core, engine.core, "decision", "weights_read", "abort_image")
        if config.bitmap is not None:
            # `ready` of the words would have a combinational path to the memory of the PacketFifo.
            m.submodules.words_skid = skid = ResetInserter(engine.reset_core)(
                SkidBuffer(config.bitmap)
            )
            wiring.connect(m, engine.core.words, skid.i)
            wiring.connect(m, self._delay(m, "words", skid.o), core.words)
        join(m, core, engine.core, *core_ports(config, "labels", "settings", "learned"))
        busy = core.busy
        if self._arbiter is None:
            join(m, core, engine.core, "weights")
        else:
            m.submodules.weight_port_arbiter = arbiter = self._arbiter
            wiring.connect(m, engine.core.weights, arbiter.link_weights)
            wiring.connect(m, arbiter.weights, core.weights)
            wiring.connect(m, arbiter.status, engine.weight_status)
            wiring.connect(m, arbiter.flash, wiring.flipped(self.flash))
            m.d.comb += self.waiting.eq(arbiter.status.missing)
            busy = busy | arbiter.loading
        # A register, because much logic depends on `busy`; the delay of a cycle has no effect.
        m.d.sync += engine.core.busy.eq(busy)

    def _delay(self, m: Module, name: str, source: Any) -> Any:
        """Return `source` behind a register, so that no path spans PacketFifo, Engine and core.

        The register does not change the cycle count of an image, because the core counts from the
        first word or event that it accepts.
        """
        stage = ResetInserter(self._engine.reset_core)(Stage(source.payload.shape()))
        m.submodules[f"{name}_stage"] = stage
        wiring.connect(m, source, stage.i)
        return stage.o
