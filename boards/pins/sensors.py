# SPDX-License-Identifier: BSD-2-Clause
"""The pins of a sensor, in the order of SPI on a Pmod, and their connections with the design.

A board has four pins: chip select (1), MOSI (2), MISO (3) and SCK (4). An LSM6DSO uses all, with
the board as master. A microphone has CLK on pin 4 and DATA on pin 3, and an I2S microphone WS on
pin 1.
"""

from collections.abc import Callable, Mapping
from typing import Any

from amaranth.build import Attrs, Pins, Platform, Resource, Subsignal
from amaranth.hdl import Module
from amaranth_boards.resources import SPIResource

from .board import pin_in, pin_out

Connector = tuple[str, int]
"""Name and number of a connector of a platform."""


def sensor_resources(
    select: str, mosi: str, miso: str, sck: str, *, attrs: Attrs, conn: Connector | None = None
) -> list[Resource]:
    """Return the resources for a sensor on these pins of a connector, or of the FPGA.

    A design requests those of one sensor. `attrs` pull all pins up: with nothing connected all bits
    of a microphone are equal, which the design reports.
    """

    def wire(pin: str, direction: str) -> Pins:
        return Pins(pin, dir=direction, conn=conn, assert_width=1)

    return [
        SPIResource(
            1, cs_n=select, copi=mosi, cipo=miso, clk=sck, conn=conn, attrs=attrs, role="controller"
        ),
        Resource(
            "microphone",
            0,
            Subsignal("clk", wire(sck, "o")),
            Subsignal("data", wire(miso, "i")),
            attrs,
        ),
        Resource("microphone_select", 0, wire(select, "o"), attrs),
    ]


def _connect_microphone(m: Module, platform: Platform, core: Any) -> None:
    microphone = platform.request("microphone", dir="-")
    pin_out(m, "microphone_clock", microphone.clk, core.microphone_clock)
    m.d.comb += core.microphone_data.eq(pin_in(m, "microphone_data", microphone.data))
    if "microphone_select" in core.signature.members:
        select = platform.request("microphone_select", dir="-")
        pin_out(m, "microphone_select", select, core.microphone_select)


def _connect_lsm6dso(m: Module, platform: Platform, core: Any) -> None:
    part = platform.request("spi", 1, dir="-")
    for name, port in {"cs": part.cs, "sck": part.clk, "mosi": part.copi}.items():
        pin_out(m, f"sensor_{name}", port, getattr(core, f"sensor_{name}"))
    m.d.comb += core.sensor_miso.eq(pin_in(m, "sensor_miso", part.cipo))


CONNECTIONS: Mapping[str, Callable[[Module, Platform, Any], None]] = {
    "pdm": _connect_microphone,
    "i2s": _connect_microphone,
    "lsm6dso": _connect_lsm6dso,
}
"""Functions that connect the pins of a sensor with a StandaloneCore, by the sensor's name."""
