# SPDX-License-Identifier: BSD-2-Clause
"""The lemmas are proven, and their proofs notice what is broken on purpose."""

import numpy as np
import pytest

from firstspike.golden import load_network
from firstspike.golden.widths import StateWidths, layer_widths, state_widths
from firstspike.hdl.core.decision import Decision
from firstspike.hdl.layer.emitter import CrossingTimeDivider
from firstspike.hdl.layer.mask_fifo import MaskFifo
from firstspike.hdl.layer.mask_serialiser import (
    BankedSerialiser,
    BlockSerialiser,
    MaskSerialiser,
)
from firstspike.hdl.link.framing.packet_fifo import PacketFifo
from firstspike.hdl.link.framing.receiver import SPACING, Receiver
from firstspike.hdl.link.protocol.formats import Cause
from firstspike.sim.formal.circuit import compile_circuit
from firstspike.sim.formal.crossing import CrossingProof
from firstspike.sim.formal.decision import DecisionProof
from firstspike.sim.formal.lemmas import LEMMAS, layer_of
from firstspike.sim.formal.receiver import ReceiverProof
from firstspike.sim.formal.ring import RingProof
from firstspike.sim.formal.sat import RefutedError, check_bounded, no_progress
from firstspike.sim.formal.serialiser import MaskFifoProof, SerialiserProof
from firstspike.sim.formal.widths import WidthsProof
from tests.support.simulators import sampled

QUICK = "queue", "receiver"


def mark_of(lemma):
    """How long a lemma takes."""
    if lemma.name in QUICK:
        return ()
    return pytest.mark.long if lemma.is_fast else pytest.mark.thorough


@pytest.mark.parametrize(
    "proof",
    [pytest.param(one, marks=mark_of(one)) for one in LEMMAS],
    ids=lambda proof: proof.name,
)
def test_lemmas(proof):
    assert proof.prove(no_progress)


def refute(proof, cycles):
    with pytest.raises(RefutedError, match="failed assertion in cycle"):
        check_bounded(compile_circuit(proof), cycles, constants=getattr(proof, "constants", ()))


class LateCrossing(CrossingTimeDivider):
    """The lowest bit of the result is wrong."""

    def build(self, m):  # noqa: D102
        super().build(m)
        m.d.comb += self.o.payload.key.eq(self._steps[-1][0].key ^ 1)


class ForgetfulDecision(Decision):
    """The best of earlier groups is forgotten."""

    def build(self, m):  # noqa: D102
        super().build(m)
        m.d.sync += self._best[0].eq(-1)


class EagerDecision(Decision):
    """A decision is gone after a cycle."""

    def build(self, m):  # noqa: D102
        super().build(m)
        with m.If(self.decision.valid):
            m.d.sync += self.decision.valid.eq(0)


class Short:
    """The last lane of a mask is not sent."""

    def build(self, m):  # noqa: D102
        super().build(m)
        with m.If(self._registers.bits == 1 << len(self._registers.bits) - 1):
            m.d.comb += self.beats.payload.hit.eq(0)


class ShortSerialiser(Short, MaskSerialiser):  # noqa: D101
    pass


class ShortBlockSerialiser(Short, BlockSerialiser):  # noqa: D101
    pass


class RepeatingSerialiser(BankedSerialiser):
    """Lanes are sent again if a beat waits."""

    def build(self, m):  # noqa: D102
        super().build(m)
        waited = self.beats.valid & ~self.beats.ready
        with m.If(waited):
            m.d.sync += self._registers.mask.eq(self._registers.mask | 1)


class LosingFifo(MaskFifo):
    """A mask that comes while three wait is lost."""

    def build(self, m):  # noqa: D102
        super().build(m)
        valid, _, waiting = self._registers
        with m.If(waiting.level == 3):
            m.d.sync += valid.eq(0)


class TrustingFifo(PacketFifo):
    """A byte is visible before its frame has ended."""

    def build(self, m):  # noqa: D102
        super().build(m)
        with m.If(self.put.valid):
            m.d.sync += self._registers.committed.eq(self._registers.write)


class TrustingReceiver(Receiver):
    """A frame with a wrong checksum is taken."""

    def build(self, m):  # noqa: D102
        super().build(m)
        with m.If(self._registers.ended & (self._registers.cause == Cause.CRC)):
            m.d.sync += self._registers.cause.eq(0)


WINDOWED = layer_of((4, 6, 2), 0, (3, 2), window=2)


@pytest.mark.long
def test_a_broken_crossing_is_refuted():
    broken = type("Broken", (CrossingProof, LateCrossing), {})
    refute(broken(WINDOWED, StateWidths(7, 13)), 6)


@pytest.mark.parametrize("broken", [ForgetfulDecision, EagerDecision])
def test_a_broken_decision_is_refuted(broken):
    refute(DecisionProof(layer_of((4, 8, 5), 1, (8, 2)), broken), 10)


@pytest.mark.parametrize(
    ("lanes", "rows", "broken"),
    sampled(
        [(4, 1, ShortSerialiser), (17, 1, ShortBlockSerialiser), (8, 2, RepeatingSerialiser)], 2
    ),
)
def test_a_broken_serialiser_is_refuted(lanes, rows, broken):
    refute(SerialiserProof(layer_of((4, lanes, 2), 0, (lanes, 2), rows), broken), 8)


@pytest.mark.long
def test_places_that_lose_a_mask_are_refuted():
    refute(MaskFifoProof(layer_of((4, 8, 2), 0, (8, 2), 2), LosingFifo), 13)


@pytest.mark.parametrize(("S", "M"), sampled([(1, 0), (0, 1)], 2))
def test_a_bit_less_is_refuted(S, M):
    """A neuron of 2 inputs with weights of 2 bits and threshold 1, in 6 ticks."""
    widths = layer_widths(np.zeros((2, 1), int), 1, 6, weight_bits=2)
    extremes = (2 * -2, 2 * 1)
    right = WidthsProof(widths, 1, 6, extremes, 2, 0)
    assert check_bounded(compile_circuit(right), 10)
    refute(WidthsProof(StateWidths(widths.S - S, widths.M - M), 1, 6, extremes, 2, 0), 10)


def test_a_broken_packet_fifo_is_refuted():
    refute(RingProof(16, TrustingFifo), 12)


def test_a_receiver_that_takes_a_bad_frame_is_refuted():
    refute(ReceiverProof(TrustingReceiver), 3 * SPACING)


def test_the_widths_are_those_of_shipped_networks():
    """For any weights the two layers of a network need the same widths."""
    for name in ("mnist-4bit", "mnist-8bit"):
        assert len(set(state_widths(load_network(name), any_weights=True))) == 1
