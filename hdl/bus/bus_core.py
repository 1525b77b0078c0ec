# SPDX-License-Identifier: BSD-2-Clause
"""A core with standard bus interfaces: AXI4-Stream, AXI4-Lite, and an interrupt."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from amaranth.hdl import Cat, ClockDomain, DomainRenamer, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.lib.block import assign_members, join
from firstspike.hdl.lib.pipeline import FallThroughFifo

from .axi_lite import AxiLite
from .bitmap_unpacker import BitmapUnpacker
from .core_map import ADDRESS_BITS, TAG_BITS, core_map
from .decision_output import DecisionOutput
from .event_unpacker import EventUnpacker
from .image_input import ImageInput, beat_layout
from .images import BITMAP, EVENTS, PIXELS, Images
from .learning_ports import LabelPort, SettingsPort
from .pixel_encoder import PixelEncoder
from .register import WORD_BITS, WORD_BYTES
from .register_file import RegisterFile
from .tail_dropper import TailDropper
from .weight_port import WeightPort

REGISTERS, DECISIONS = "s_axi", "m_axis_decision"
"""Names of buses, which are the prefixes of their ports' names."""

TAGS = 16
"""Depth of the tag FIFO. Fewer images can be between the input FIFO, where an image may occupy a
single entry, and the decision, so the tag FIFO never stalls an image."""


class Port(NamedTuple):
    """A port of a core on a bus."""

    name: str
    flow: wiring.Flow
    width: int
    meaning: str
    bus: str
    """Name of the port's bus; for a port without bus, the name of the port."""
    signal: str
    """Name of the signal on the bus."""


_BEATS = {
    EVENTS: "an event",
    BITMAP: "pixels, the first in the lowest bit",
    PIXELS: "pixels, the first in the lowest byte",
}


def bus_ports(images: Images) -> list[Port]:
    """Return the ports of a core on a bus."""
    bits, bus = images.bits, images.bus
    keep = (
        [(bus, "t", In, "keep", bits // 8, "bytes that are present")] if images.last_bytes else []
    )
    payloads = [
        (bus, "t", In, "data", bits, _BEATS[images.kind]),
        *keep,
        (bus, "t", In, "id", TAG_BITS, "tag of the image, with its first beat"),
        (bus, "t", In, "last", 1, "the image ends with this beat"),
        (DECISIONS, "t", Out, "data", WORD_BITS, "a word of a decision"),
        (DECISIONS, "t", Out, "id", TAG_BITS, "tag of its image"),
        (DECISIONS, "t", Out, "last", 1, "the decision ends with this beat"),
        (REGISTERS, "aw", In, "addr", ADDRESS_BITS, "offset of a register to write"),
        (REGISTERS, "w", In, "data", WORD_BITS, "what to write"),
        (REGISTERS, "w", In, "strb", WORD_BYTES, "all ones, else the write is refused"),
        (REGISTERS, "b", Out, "resp", 2, "0 OKAY, 2 SLVERR"),
        (REGISTERS, "ar", In, "addr", ADDRESS_BITS, "offset of a register to read"),
        (REGISTERS, "r", Out, "data", WORD_BITS, "what was read"),
        (REGISTERS, "r", Out, "resp", 2, "0 OKAY, 2 SLVERR"),
    ]
    single_ports = [
        ("aclk", In, "clock"),
        ("aresetn", In, "synchronous reset, active low, at any moment"),
        ("irq", Out, "high while an enabled bit of interrupt_state is 1"),
    ]
    ports = [Port(name, flow, 1, meaning, name, name) for name, flow, meaning in single_ports]
    for (bus, channel, flow), group in groupby(payloads, itemgetter(0, 1, 2)):
        signals = [(name, flow, width, meaning) for *_, name, width, meaning in group]
        signals += [("valid", flow, 1, ""), ("ready", flow.flip(), 1, "")]
        for name, direction, width, meaning in signals:
            signal = f"{channel}{name}"
            ports.append(Port(f"{bus}_{signal}", direction, width, meaning, bus, signal))
    return ports


class BusCore(wiring.Component):
    """A Core with AXI4 interfaces.

        s_axis_events -> TailDropper -> ImageInput -> EventUnpacker -> Core
        s_axis_bitmap -> TailDropper -> ImageInput -> BitmapUnpacker -> Core
        s_axis_pixels -> TailDropper -> ImageInput -> BitmapUnpacker -> PixelEncoder -> Core
        m_axis_decision <- DecisionOutput <- Core
        s_axi <-> AxiLite <-> RegisterFile <-> WeightPort, SettingsPort, LabelPort <-> Core

    A FIFO carries the tag of each image from the ImageInput past the Core to the DecisionOutput.
    Every image with a beat in the ImageInput gets one decision, in order, also an aborted image.
    The Core decides an image as early as possible, and then accepts and ignores the remaining beats
    of this image; the next image starts after them.

    `command.reset` resets the clock domain `sync` for one cycle. AxiLite, TailDropper and
    DecisionOutput are in the domain `bus`, which only `aresetn` resets, because a reset must not
    break a handshake that is visible on the bus. No access is under way in the cycle of this reset:
    AxiLite processes one access at a time, and the write to `command` ended in the cycle before.

    Ports: those of `bus_ports`. Parameters: `config`, `network` and `weights` as for the Core;
    `any_weights`, whether the widths suffice for all weights; `pixels`, whether images are pixels
    for a PixelEncoder.

    Latency and throughput: those of the Core, without additional cycles unless a handshake stalls;
    a PixelEncoder adds its own. Raises NetworkError for a core whose parameters exceed the fields
    of the bus, and with `pixels` for a network without pixels.
    """

    def __init__(
        self,
        config: CoreConfig,
        network: Network,
        weights: Sequence[np.ndarray] | None = None,
        any_weights: bool = False,
        pixels: bool = False,
    ) -> None:
        self._config = config
        self._core = Core(config, weights, checks_addresses=False)
        self.images = images = Images.of(config, network, pixels)
        rows = config.layers[0].folding.rows
        self._encoder = PixelEncoder(network, rows) if pixels else None
        self.map = core_map(config, network, any_weights, images)
        self.ports = bus_ports(images)
        super().__init__({port.name: port.flow(port.width) for port in self.ports})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        # Clocks, resets and the bus of the registers.
        m.domains.sync = domain = ClockDomain()
        m.domains.bus = bus_domain = ClockDomain()
        on_bus = DomainRenamer("bus")
        flush, undrop = Signal(), Signal()
        m.d.comb += [
            domain.clk.eq(self.aclk),
            domain.rst.eq(~self.aresetn | flush),
            bus_domain.clk.eq(self.aclk),
            bus_domain.rst.eq(~self.aresetn),
        ]
        m.submodules.core = core = self._core
        m.submodules.axi_lite = lite = on_bus(AxiLite(ADDRESS_BITS))
        m.submodules.registers = registers = RegisterFile(self.map, len(lite.access.address))
        wiring.connect(m, lite.access, registers.access)
        write, read = lite.write_data.payload, lite.read_data.payload
        m.d.comb += [
            self._joined("s_axi_aw", lite.write_address, addr=lite.write_address.payload),
            self._joined("s_axi_w", lite.write_data, data=write.data, strb=write.strobe),
            self._joined("s_axi_b", lite.write_response, resp=lite.write_response.payload),
            self._joined("s_axi_ar", lite.read_address, addr=lite.read_address.payload),
            self._joined("s_axi_r", lite.read_data, data=read.data, resp=read.response),
        ]

        # Images.
        of = self.images
        m.submodules.tail_dropper = dropper = on_bus(
            TailDropper(beat_layout(of.bits, of.last_bytes))
        )
        unpacker = EventUnpacker(config) if of.kind == EVENTS else BitmapUnpacker(of)
        m.submodules.images = images = ImageInput(of.bits, of.last_bytes)
        m.submodules.unpacker = unpacker
        wiring.connect(m, dropper.o, images.beats)
        wiring.connect(m, images.entries, unpacker.entries)
        wiring.connect(m, registers.send, images.send)
        m.d.comb += [
            self._joined(f"{of.bus}_t", dropper.i, **_parts(dropper.i)),
            dropper.drop.eq(images.aborted | flush),
            dropper.undrop.eq(undrop),
            images.tag.eq(registers.image_tag.tag),
        ]
        wrong, busy = registers.error_causes_set, core.busy
        if self._encoder is not None:
            m.submodules.encoder = encoder = self._encoder
            wiring.connect(m, unpacker.words, encoder.words)
            wiring.connect(m, encoder.events, core.events)
            m.d.comb += encoder.cut.eq(unpacker.abort_image)
            busy |= encoder.busy
        elif of.kind == EVENTS:
            wiring.connect(m, unpacker.events, core.events)
        else:
            wiring.connect(m, unpacker.words, core.words)
        m.d.comb += core.abort_image.eq((self._encoder or unpacker).abort_image)
        if of.kind != EVENTS:
            m.d.comb += (
                wrong[name].eq(getattr(unpacker, name)) for name in ("short", "long", "keep")
            )

        # Decisions.
        m.submodules.decisions = decisions = on_bus(DecisionOutput(config))
        m.submodules.tags = tags = FallThroughFifo(TAG_BITS, TAGS)
        wiring.connect(m, images.tags, tags.i)
        wiring.connect(m, core.decision, decisions.decision)
        wiring.connect(m, registers.decision, decisions.word)
        decided = core.decision.valid & core.decision.ready
        m.d.comb += [
            tags.o.ready.eq(decided),
            decisions.tag.eq(tags.o.payload),
            decisions.flush.eq(flush),
            self._joined(f"{DECISIONS}_t", decisions.beats, **_parts(decisions.beats)),
            decisions.by_registers.eq(registers.control.by_registers),
            images.by_registers.eq(registers.control.by_registers),
        ]

        # Weights.
        m.submodules.weights = weights = WeightPort(config)
        wiring.connect(m, registers.weights, weights.port)
        join(m, weights, core, "weights", "weights_read")
        m.d.comb += weights.busy.eq(busy)

        # The registers.
        command, status = registers.command, registers.status
        state = Signal(2)
        abort, take, resets, undrops = (
            command.data[field.low] & command.valid for field in self.map.by_name["command"].fields
        )
        m.d.bus += [flush.eq(resets), undrop.eq(undrops)]
        m.d.comb += [
            command.done.eq(1),
            images.abort.eq(abort),
            decisions.take.eq(take),
            status.busy.eq(busy),
            assign_members(status, images, "open", "aborting", "room"),
            status.decision.eq(decisions.readable),
            status.weight_open.eq(weights.within_word),
            status.by_registers.eq(
                Mux(
                    registers.control.by_registers,
                    images.registers_used & decisions.registers_used,
                    images.registers_used | decisions.registers_used,
                )
            ),
            status.dropping.eq(dropper.dropping),
            status.resetting.eq(decisions.leaving),
            wrong.access.eq(registers.refuses),
            wrong.decision.eq(decided & core.decision.payload.error),
            state.eq(Cat(status.decision, registers.error_causes.as_value().any())),
            registers.interrupt_state.eq(state | registers.interrupt_test.as_value()),
            self.irq.eq(
                (registers.interrupt_state.as_value() & registers.interrupt_enable.as_value()).any()
            ),
        ]
        _count(m, registers.error_count.errors, wrong.as_value().any())
        _count(m, registers.decision_count.decisions, decided)
        if config.learns:
            self._connect_learning(m, core, registers)
        return m

    def _joined(self, prefix: str, channel: wiring.PureInterface, **parts: Value) -> Iterator[Any]:
        """Yield the connections of a stream to the ports with this prefix.

        `parts` are the fields of the payload, by the name of the signal.
        """
        for name, part in {**parts, "valid": channel.valid, "ready": channel.ready}.items():
            port = getattr(self, prefix + name)
            inward = self.signature.members[prefix + name].flow is In
            yield part.eq(port) if inward else port.eq(part)

    def _connect_learning(self, m: Module, core: Core, registers: RegisterFile) -> None:
        """Connect the additional ports of a core that learns."""
        m.submodules.settings = settings = SettingsPort(core.config, self.map.by_name["learn_rule"])
        wiring.connect(m, registers.settings, settings.port)
        join(m, settings, core, "settings")
        m.submodules.label = label = LabelPort(core.config, self.map.by_name["label"])
        join(m, label, core, "labels")
        m.d.comb += [
            label.held.eq(registers.label),
            registers.status.settings.eq(settings.waits),
        ]
        learned = core.learned
        _count(m, registers.learned_count.images, learned.valid)
        _count(m, registers.updated_count.images, learned.valid & learned.updated)
        cycles = Signal.like(learned.cycles)
        m.d.comb += registers.learn_cycles.cycles.eq(cycles)
        with m.If(learned.valid):
            m.d.sync += cycles.eq(learned.cycles)


def _parts(channel: wiring.PureInterface) -> dict[str, Value]:
    """Return the fields of a stream's payload by name."""
    return {name: channel.payload[name] for name, _ in channel.payload.shape()}


def _count(m: Module, count_port: Signal, event: Value) -> None:
    """Drive `count_port` with the number of cycles in which `event` was high."""
    count = Signal.like(count_port)
    m.d.comb += count_port.eq(count)
    m.d.sync += count.eq(count + event)
