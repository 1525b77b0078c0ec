# SPDX-License-Identifier: BSD-2-Clause
"""A microphone as the sensor of a standalone design."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.sound.listener import Listener, TeachableListener

from .counts import MicrophoneCounts, counted_layout
from .fault_stretcher import FaultStretcher
from .status import OF_MICROPHONE, OF_TEACHING

MISSING, CLIPPED, LOST = 1, 2, 3
"""Numbers of faults; the lowest of several faults is reported."""

HOLD_SECONDS = 1
"""Minimum time for which a fault is reported after the last slot with this fault."""

WAITING, LEARNING = "waiting for a word to learn", "learning"
"""Conditions of a sensor that is taught words."""


class MicrophoneSensor(Block):
    """A Listener with fault detection and counters of the samples.

    `reportable` is high if the latest word is isolated.

    Latency and throughput: those of the Listener.

    Ports: `microphone_clock` and the other pins, as in Listener; `events`, `reportable`, `fault`,
    `counted` and `counters_sampled`, as in Sensor.

    Parameters: `listener`, with a microphone; `clock_hz`.
    """

    faults: tuple[str, ...] = (
        "microphone is silent",
        "microphone is too loud",
        "microphone is not followed",
    )

    _counted: tuple[str, ...] = OF_MICROPHONE
    """Numbers of the status besides the samples."""

    def __init__(self, listener: Listener, clock_hz: int, **ports: wiring.Member) -> None:
        self._stretcher = FaultStretcher(len(self.faults), HOLD_SECONDS * clock_hz)
        self._listener = listener
        members = listener.signature.members
        pins = [name for name in members if name.startswith("microphone_")]
        self._listener_ports = {name: members[name] for name in (*pins, "events")}
        self._counts = MicrophoneCounts()
        counts = self._counts.signature.members
        super().__init__(
            **self._listener_ports,
            reportable=Out(1),
            fault=self._stretcher.signature.members["held"],
            counted=Out(counted_layout(*self._counted)),
            counters_sampled=counts["counters_sampled"],
            **ports,
        )

    def build(self, m: Module) -> None:
        m.submodules.listener = listener = self._listener
        m.submodules.stretcher = stretcher = self._stretcher
        m.submodules.counts = counts = self._counts
        outside = wiring.flipped(self)
        join(m, outside, listener, *self._listener_ports)
        join(m, outside, counts, "counters_sampled")
        m.d.comb += (
            self.counted[name].eq(counts.counted[name]) for name, _ in counts.counted.shape()
        )
        join(m, listener, counts, "accepted")
        m.d.comb += counts.lost.eq(listener.loses)
        m.d.comb += self.fault.eq(stretcher.held)
        self._report(m)
        with m.If(listener.missing):
            m.d.comb += stretcher.now.eq(MISSING)
        with m.Elif(listener.clipped):
            m.d.comb += stretcher.now.eq(CLIPPED)
        with m.Elif(listener.lost):
            m.d.comb += stretcher.now.eq(LOST)

    def _report(self, m: Module) -> None:
        """Drive `reportable`."""
        with m.If(self._listener.word):
            m.d.sync += self.reportable.eq(self._listener.isolated)


class TeachableMicrophoneSensor(MicrophoneSensor):
    """A MicrophoneSensor with a TeachableListener; it also reports waiting and learning.

    `reportable` is high if the image in the core is an isolated word.

    Ports: those of MicrophoneSensor; `lesson`, `labels` and `learning`, as in ReplayMemory.
    """

    faults = (*MicrophoneSensor.faults, WAITING, LEARNING)
    _counted = (*MicrophoneSensor._counted, *OF_TEACHING)
    _of_memory = ("lesson", "labels", "learning")

    def __init__(self, listener: TeachableListener, clock_hz: int) -> None:
        members = listener.signature.members
        self._teachable = listener
        super().__init__(listener, clock_hz, **{name: members[name] for name in self._of_memory})

    def build(self, m: Module) -> None:
        super().build(m)
        join(m, wiring.flipped(self), self._teachable, *self._of_memory)
        m.d.comb += self.counted.taught.eq(self._teachable.count)
        with m.If(self._stretcher.held == 0):
            with m.If(self._teachable.learning):
                m.d.comb += self.fault.eq(1 + self.faults.index(LEARNING))
            with m.Elif(self._teachable.waiting):
                m.d.comb += self.fault.eq(1 + self.faults.index(WAITING))

    def _report(self, m: Module) -> None:
        m.d.comb += self.reportable.eq(self._teachable.reportable)
