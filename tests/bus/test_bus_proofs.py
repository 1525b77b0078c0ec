# SPDX-License-Identifier: BSD-2-Clause
"""The proofs of a core's buses notice what is broken on purpose; the lemma `buses` runs them."""

import pytest
from amaranth.utils import exact_log2

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.axi_lite import AxiLite
from firstspike.hdl.bus.core_map import ADDRESS_BITS, core_map
from firstspike.hdl.bus.decision_output import DecisionOutput
from firstspike.hdl.bus.image_input import ImageInput, beat_layout
from firstspike.hdl.bus.images import Images
from firstspike.hdl.bus.register import WORD_BYTES
from firstspike.hdl.bus.register_file import RegisterFile
from firstspike.hdl.bus.tail_dropper import TailDropper
from firstspike.hdl.core.config import CoreConfig
from firstspike.sim.formal.axi import (
    AxiLiteProof,
    DecisionOutputProof,
    ImageInputProof,
    RegistersProof,
    TailDropperProof,
)
from firstspike.sim.formal.proof import ProofError, check
from tests.support.command import toy_network

NETWORK = toy_network()
CONFIG = CoreConfig.of(NETWORK, Folding.of(NETWORK, CoreShape(lanes=5)))
WORD_ADDRESS = ADDRESS_BITS - exact_log2(WORD_BYTES)
MAP = core_map(CONFIG, NETWORK, True, Images.of(CONFIG, NETWORK))


@pytest.mark.parametrize(
    ("proof", "parameter", "depth"),
    [
        (AxiLiteProof, 5, 30),
        (ImageInputProof, 8, 9),
        (TailDropperProof, beat_layout(8), 8),
        (DecisionOutputProof, CONFIG, 16),
    ],
)
def test_what_the_proofs_cover_is_reached(proof, parameter, depth):
    check(proof(parameter), "cover", depth=depth)


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


@pytest.mark.parametrize(
    ("proof", "broken", "parameters"),
    [
        (AxiLiteProof, Withdrawn, (5,)),
        (DecisionOutputProof, Switched, (CONFIG,)),
        (ImageInputProof, Forgetful, (8,)),
        (ImageInputProof, Mixing, (8,)),
        (DecisionOutputProof, Cutting, (CONFIG,)),
        (RegistersProof, Open, (MAP, WORD_ADDRESS)),
        (RegistersProof, Pulsing, (MAP, WORD_ADDRESS)),
        (TailDropperProof, Short, (beat_layout(8),)),
    ],
)
def test_proofs_fail_for_what_is_broken(proof, broken, parameters):
    faulty = type("BrokenProof", (proof, broken), {})
    with pytest.raises(ProofError, match="failed assertion"):
        check(faulty(*parameters), "bmc", depth=9)
