# SPDX-License-Identifier: BSD-2-Clause
"""The registers of a core that learns: settings of the rule, and the label of an image."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from firstspike.golden.learning.rule import REGISTERS
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import CoreSignature
from firstspike.hdl.learner.learner import out_of_range
from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.block import Block

from .register import Register
from .register_file import fields_layout, port_signature


class SettingsPort(Block):
    """Registers 0, the rule `rule`, and 1, the seed: a write of either is one to the core's port.

    Refused is a value that the rule's register must not hold, and a write while settings wait.

    Latency: 0 cycles, after which settings wait for the core.
    """

    def __init__(self, config: CoreConfig, rule: Register) -> None:
        self._rule = rule
        super().__init__(
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
    """Offers the label that is held to each image.

    When another one is written none is offered for two cycles: until the Learner, which lets an
    image begin a cycle after it has looked, lets none begin; only then the label changes.
    """

    def __init__(self, config: CoreConfig, label: Register) -> None:
        super().__init__(
            #: What the register holds.
            held=In(fields_layout(label)),
            labels=CoreSignature(config).flip().members["labels"],
        )

    def build(self, m: Module) -> None:
        offered, labels = Signal.like(self.held), self.labels
        changes, changed = Signal(), Signal()
        m.d.comb += [
            changes.eq(self.held.as_value() != offered.as_value()),
            labels.valid.eq(~changes & ~changed),
            labels.payload.learn.eq(offered.learn),
            labels.payload.label.eq(saturated(offered["class"], len(labels.payload.label))),
        ]
        m.d.sync += changed.eq(changes)
        with m.If(changed):
            m.d.sync += offered.eq(self.held)
