# SPDX-License-Identifier: BSD-2-Clause
"""A microphone as the sensor of a standalone design."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from firstspike.golden.network import Network
from firstspike.golden.sound.microphone import Microphone
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.sound.listener import Listener

from .counts import MicrophoneCounts
from .fault_stretcher import FaultStretcher

MISSING, CLIPPED, LOST = 1, 2, 3
"""Numbers of faults; the lowest of several faults is reported."""

HOLD_SECONDS = 1
"""Minimum time for which a fault is reported after the last slot with this fault."""


class MicrophoneSensor(Block):
    """A Listener with fault detection and counters of the samples.

    `reportable` is high if the latest word is isolated. For latency and throughput see Listener.

    Ports: `microphone_clock` and the other pins, as in Listener; `events`, `reportable`, `fault`,
    `counted` and `counters_sampled`, as in Sensor.

    Parameters: `network`, a network of sound; `microphone`; `clock_hz`.
    """

    faults = ("microphone is silent", "microphone is too loud", "microphone is not followed")

    def __init__(self, network: Network, microphone: Microphone, clock_hz: int) -> None:
        self._stretcher = FaultStretcher(len(self.faults), HOLD_SECONDS * clock_hz)
        self._listener = Listener(network, microphone)
        members = self._listener.signature.members
        pins = [name for name in members if name.startswith("microphone_")]
        self._listener_ports = {name: members[name] for name in (*pins, "events")}
        self._counts = MicrophoneCounts()
        counts = self._counts.signature.members
        super().__init__(
            **self._listener_ports,
            reportable=Out(1),
            fault=self._stretcher.signature.members["held"],
            counted=counts["counted"],
            counters_sampled=counts["counters_sampled"],
        )

    def build(self, m: Module) -> None:
        m.submodules.listener = listener = self._listener
        m.submodules.stretcher = stretcher = self._stretcher
        m.submodules.counts = counts = self._counts
        outside = wiring.flipped(self)
        join(m, outside, listener, *self._listener_ports)
        join(m, outside, counts, "counted", "counters_sampled")
        join(m, listener, counts, "accepted")
        m.d.comb += counts.lost.eq(listener.loses)
        m.d.comb += self.fault.eq(stretcher.held)
        with m.If(listener.word):
            m.d.sync += self.reportable.eq(listener.isolated)
        with m.If(listener.missing):
            m.d.comb += stretcher.now.eq(MISSING)
        with m.Elif(listener.clipped):
            m.d.comb += stretcher.now.eq(CLIPPED)
        with m.Elif(listener.lost):
            m.d.comb += stretcher.now.eq(LOST)
