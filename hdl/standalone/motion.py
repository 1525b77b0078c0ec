# SPDX-License-Identifier: BSD-2-Clause
"""An accelerometer and gyroscope as the sensor of a standalone design."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.foreign.fields import NetworkError
from firstspike.golden.front_ends import motion_of
from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.network import Network
from firstspike.hdl.lib.block import Block, join
from firstspike.hdl.motion.lsm6dso import AXES, Lsm6dso
from firstspike.hdl.motion.watcher import Watcher

from .counts import counted_layout

ABSENT, STOPPED = 1, 2
"""Numbers of faults."""


class MotionSensor(Block):
    """An LSM6DSO and a Watcher, with fault detection and a counter of the samples.

    `reportable` is always high, because the decision on each window may be reported.

    Latency and throughput: those of the Watcher.

    Ports: `sensor_cs`, `sensor_sck`, `sensor_mosi` and `sensor_miso`, the pins; `events`,
    `reportable`, `fault`, `counted` and `counters_sampled`, as in Sensor.

    Parameters: `network`, a network of motion; `clock_hz`. Raises NetworkError for a network whose
    samples are not those of an LSM6DSO.
    """

    faults = ("no LSM6DSO answers", "LSM6DSO gives no samples")

    def __init__(self, network: Network, clock_hz: int) -> None:
        front_of(network)  # raises NetworkError first
        self._part, self._watcher = Lsm6dso(clock_hz), Watcher(network)
        super().__init__(
            sensor_cs=Out(1),
            sensor_sck=Out(1, init=1),
            sensor_mosi=Out(1),
            sensor_miso=In(1),
            events=self._watcher.signature.members["events"],
            reportable=Out(1),
            fault=Out(range(1 + len(self.faults))),
            counted=Out(counted_layout()),
            counters_sampled=In(1),
        )

    def build(self, m: Module) -> None:
        m.submodules.part = part = self._part
        m.submodules.watcher = watcher = self._watcher
        wiring.connect(m, part.samples, watcher.samples)
        join(m, wiring.flipped(self), watcher, "events")
        m.d.comb += [
            *(
                getattr(self, f"sensor_{name}").eq(getattr(part, name))
                for name in ("cs", "sck", "mosi")
            ),
            part.miso.eq(self.sensor_miso),
            self.reportable.eq(1),
        ]
        with m.If(part.sampled):
            m.d.sync += self.counted.samples.eq(self.counted.samples + 1)
        with m.If(part.absent):
            m.d.comb += self.fault.eq(ABSENT)
        with m.Elif(part.stopped):
            m.d.comb += self.fault.eq(STOPPED)


def front_of(network: Network) -> MotionFrontEnd:
    """Return the front end of a network for samples of an LSM6DSO.

    Raises NetworkError for another network.
    """
    front = motion_of(network)
    if front.axes != AXES:
        raise NetworkError(f"the network watches {front.axes} axes: an LSM6DSO gives {AXES}")
    return front
