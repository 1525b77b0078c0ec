# SPDX-License-Identifier: BSD-2-Clause
"""The proofs of a core's buses notice what is broken on purpose; the lemma `buses` runs them."""

import gc

import pytest

from firstspike.hdl.bus.axi_lite import AxiLite
from firstspike.hdl.bus.decision_output import DecisionOutput
from firstspike.hdl.bus.image_input import ImageInput
from firstspike.hdl.bus.register_file import RegisterFile
from firstspike.hdl.bus.tail_dropper import TailDropper
from firstspike.sim.formal.circuit import compile_circuit
from firstspike.sim.formal.lemmas import buses
from firstspike.sim.formal.sat import RefutedError, check_bounded
from tests.support.simulators import sampled


class Withdrawn(AxiLite):
    """An answer is there for a cycle."""

    def build(self, m):  # noqa: D102
        super().build(m)
        with m.If(self.read_data.valid):
            m.d.sync += self.read_data.valid.eq(0)


class Switched(DecisionOutput):
    """The way changes at once."""

    def build(self, m):  # noqa: D102
        super().build(m)
        m.d.sync += self.registers_used.eq(self.by_registers)


class Forgetful(ImageInput):
    """A beat that comes with an abort is lost."""

    def build(self, m):  # noqa: D102
        super().build(m)
        with m.If(self.abort):
            m.d.comb += self.entries.valid.eq(0)


class Open(RegisterFile):
    """An unknown address is answered like a known one."""

    def build(self, m):  # noqa: D102
        super().build(m)
        with m.If(self.access.address == 0x3FF):
            m.d.comb += self.access.refused.eq(0)


class Mixing(ImageInput):
    """The source of images changes within an image."""

    def build(self, m):  # noqa: D102
        super().build(m)
        m.d.sync += self.registers_used.eq(self.by_registers)


class Cutting(DecisionOutput):
    """A flush also drops the decision that is offered."""

    def build(self, m):  # noqa: D102
        super().build(m)
        with m.If(self.flush):
            m.d.comb += m.submodules.first.o.ready.eq(1)


class Pulsing(RegisterFile):
    """An error stays for one cycle only."""

    def build(self, m):  # noqa: D102
        super().build(m)
        m.d.sync += self.error_causes.eq(self.error_causes_set)


class Short(TailDropper):
    """Only one of the beats to drop is dropped."""

    def build(self, m):  # noqa: D102
        super().build(m)
        with m.If(self.dropping & self.i.valid):
            m.d.sync += self.dropping.eq(0)


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize(
    "broken", sampled([Withdrawn, Switched, Forgetful, Mixing, Cutting, Open, Pulsing, Short], 3)
)
def test_proofs_fail_for_what_is_broken(broken):
    (block,) = broken.__bases__
    (proof,) = (part.design for part in buses() if isinstance(part.design, block))
    gc.collect()  # Amaranth warns of the other parts here, where the warning is ignored
    proof.__class__ = type("Broken", (type(proof), broken), {})
    with pytest.raises(RefutedError, match="failed assertion"):
        check_bounded(compile_circuit(proof), 9)
