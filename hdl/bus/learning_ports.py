# SPDX-License-Identifier: BSD-2-Clause
"""The registers of a core that learns: the settings of the rule, and the label of an image."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from firstspike.golden.learning.rule import REGISTERS
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.learner.update_control import out_of_range
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.block import Block

from .register import Register
from .register_file import fields_layout, port_signature


class SettingsPort(Block):
    """Two registers: the learning rule, and the seed. A write to either sends both to the core.

    A write is refused if a value is out of range, or while previous settings wait for the core.

    Latency: 0 cycles for an access; afterwards the settings wait until the core accepts them.
    """

    def __init__(self, config: CoreConfig, rule: Register) -> None:
        self._rule = rule
        super().__init__(
            #: Accesses to the two registers.
            port=In(port_signature(2)),
            settings=CoreSignature(config).flip().members["settings"],
            #: Settings wait for the core.
            waits=Out(1),
        )

    def build(self, m: Module) -> None:
        port, settings = self.port, self.settings
        held = Signal(
            fields_layout(self._rule),
            init={field.name: field.value for field in self._rule.fields},
        )
        seed = Signal(REGISTERS["seed"].bits)
        outside = []
        for field in self._rule.fields:
            outside.append(out_of_range(field.name, port.data[field.low :][: field.bits]))
            m.d.comb += [
                port.answer[field.low :][: field.bits].eq(held[field.name]),
                settings.payload[field.name].eq(held[field.name]),
            ]
        takes = port.valid & port.write & ~port.refused
        m.d.comb += [
            settings.payload.seed.eq(seed),
            settings.valid.eq(self.waits),
            port.done.eq(1),
            port.refused.eq(
                port.write & (self.waits | (~port.index[0] & Cat(outside).any())),
            ),
        ]
        with m.If(settings.ready):
            m.d.sync += self.waits.eq(0)
        with m.If(takes):
            m.d.sync += [self.waits.eq(1), seed.eq(Mux(port.index[0], port.data, 0))]
            with m.If(~port.index[0]):
                m.d.sync += (
                    held[field.name].eq(port.data[field.low :]) for field in self._rule.fields
                )


class LabelPort(Block):
    """Send the content of the register `label` with each image.

    Latency: 2 cycles. After a write of a different label, `labels` is not valid for three cycles.
    The Learner permits the start of an image with a delay of one cycle, so the three cycles prevent
    a change of the label while an image may start.
    """

    def __init__(self, config: CoreConfig, label: Register) -> None:
        super().__init__(
            #: The value of the register.
            held=In(fields_layout(label)),
            labels=CoreSignature(config).flip().members["labels"],
        )

    def build(self, m: Module) -> None:
        current, labels = Signal.like(self.held), self.labels
        changes, changed = Signal(), Signal()
        m.d.comb += [
            changes.eq(self.held.as_value() != current.as_value()),
            labels.valid.eq(~changes & ~changed),
            labels.payload.learn.eq(current.learn),
            labels.payload.label.eq(saturated(current["class"], len(labels.payload.label))),
        ]
        m.d.sync += changed.eq(changes)
        with m.If(changed):
            m.d.sync += current.eq(self.held)
