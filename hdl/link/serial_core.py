# SPDX-License-Identifier: BSD-2-Clause
"""All of a board's design but its pins and its clock."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.lib.block import Block, join

from .linked_core import LinkedCore
from .uart import UartReceiver, UartTransmitter, divisor_of

DEBUG = "debug_"
"""What the names of the wires begin with that a netlist keeps for its bench: the SerialCore's taps.

`log_0` gives `debug_log_0_valid`, and for each field of a spike `debug_log_0_image`, ...
"""


def kept_wire(layer: int, field: str) -> str:
    """The name of a wire that is kept of a layer's spike log; `field` is dotted if nested."""
    return f"{DEBUG}log_{layer}_{field.replace('.', '_')}"


class SerialCore(Block):
    """A core behind its link, behind a UART.

    Ports: `rx` and `tx`, the lines from and to the host, high while they rest; the rest is as for
    LinkedCore.

    Parameters: those of LinkedCore. Raises ClockError where `clock_hz` does not make the rate of
    the link.
    """

    def __init__(self, config: CoreConfig, network: Network, *, clock_hz: int, **rest):
        self._divisor = divisor_of(clock_hz)
        self._core = LinkedCore(config, network, clock_hz=clock_hz, **rest)
        self._passed = dict(self._core.signature.members)
        del self._passed["received"], self._passed["sent"]
        super().__init__(rx=In(1, init=1), tx=Out(1, init=1), **self._passed)

    def build(self, m):
        m.submodules.receiver = receiver = UartReceiver(self._divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self._divisor)
        m.submodules.linked_core = core = self._core
        join(m, receiver, core, "received")
        join(m, core, transmitter, "sent")
        outside = wiring.flipped(self)
        join(m, outside, receiver, "rx")
        join(m, outside, transmitter, "tx")
        join(m, outside, core, *self._passed)
