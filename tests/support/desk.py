# SPDX-License-Identifier: BSD-2-Clause
"""Desks around the RTL, the netlist or the programmed bits of a standalone board."""

import json
from pathlib import Path

from firstspike.boards.building.bitstream import NETLIST
from firstspike.boards.building.design import TOP
from firstspike.boards.building.layout import bitstream_netlist
from firstspike.boards.building.sound import SoundDesign
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network
from firstspike.golden.front_ends import sound_of
from firstspike.golden.sound.microphones import MICROPHONES
from firstspike.sim.benches.netlist.cells import cell_models
from firstspike.sim.benches.netlist.netlist import FLASH_CLOCK, Netlist
from firstspike.sim.benches.standalone.around import NO_FLASH, Sensed, desk_verilog
from firstspike.sim.benches.standalone.desk import Desk, tape_of
from tests.support.moving import SENSED_BY_PINS, MotionDesk

PINS = {
    "spi_flash_1x_0__cs__io": "cs_n",
    "spi_flash_1x_0__clk__io": "sck",
    FLASH_CLOCK: "sck",
    "spi_flash_1x_0__copi__io": "mosi",
    "spi_flash_1x_0__cipo__io": "miso",
    "microphone_0__clk__io": "microphone_clock",
    "microphone_0__data__io": "microphone_data",
    "uart_0__tx__io": "tx",
    "uart_0__rx__io": "rx",
    "spi_1__cs__io": "sensor_cs_n",
    "spi_1__clk__io": "sensor_sck",
    "spi_1__copi__io": "sensor_mosi",
    "spi_1__cipo__io": "sensor_cipo",
}
"""The wire of a desk at each pin but the clock's; a build has the pins of one sensor."""

SELECT = "microphone_select_0__io"
"""A pin that only an I2S microphone has."""


def rtl_desk(design: SoundDesign) -> Desk:
    """Return the desk with the RTL of a design."""
    identity = design.build_hash
    return Desk.of_core(
        lambda: design.core(identity),
        identity,
        design.network,
        design.microphone,
        design.hz,
        design.has_flash,
    )


def netlist_desk(network: Network, folder: Path, *, bitstream: bool = False) -> Desk:
    """Return the desk with a microphone and the netlist, or the bits, in the folder of a build."""
    netlist, pins, hz = _built(folder, bitstream)
    kind = MICROPHONES["i2s" if SELECT in netlist.pins else "pdm"]
    microphone = kind.of(hz, sound_of(network).rate)
    verilog = _verilog(tape_of(microphone), netlist, pins, hz)
    return Desk(verilog, network, microphone, netlist=True, flashed=_has_flash(pins))


def netlist_motion_desk(network: Network, folder: Path) -> MotionDesk:
    """Return the desk with an LSM6DSO and the netlist in the folder of a build."""
    verilog = _verilog(SENSED_BY_PINS, *_built(folder))
    return MotionDesk(verilog, network)


def _verilog(sensed: Sensed, netlist: Netlist, pins: dict[str, str], clock_hz: int) -> str:
    """Return a desk with a netlist; `pins` has the wire of the desk at each pin."""
    wires = ", ".join(f".\\{pin} ({wire})" for pin, wire in pins.items())
    flash = "\n    assign cs = ~cs_n;" if _has_flash(pins) else NO_FLASH
    desk = desk_verilog(sensed, f"\n    netlist board ({wires});{flash}", clock_hz)
    return desk + netlist.verilog() + cell_models(netlist.family)


def _has_flash(pins: dict[str, str]) -> bool:
    """Return whether the flash of the desk is at one of these pins."""
    return "cs_n" in pins.values()


def _built(folder: Path, bitstream: bool = False) -> tuple[Netlist, dict[str, str], int]:
    """Return the netlist of a build, the wires at its pins, and its clock in Hz."""
    report = json.loads((folder / "report.json").read_text())
    board = BOARDS[report["board"]]
    if bitstream:
        content = bitstream_netlist(folder / f"{TOP}.bin", board, report["layout"]["names"])
    else:
        content = (folder / f"{NETLIST}.json").read_bytes()
    stage = "bitstream" if bitstream else "synthesised netlist"
    netlist = Netlist(content, board.device.family.name, stage)
    wires = {f"{board.platform.default_clk}_0__io": "clock", **PINS}
    pins = {pin: wire for pin, wire in wires.items() if pin in netlist.pins}
    return netlist, pins, report["clock"]
