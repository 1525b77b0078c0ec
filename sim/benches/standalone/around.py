# SPDX-License-Identifier: BSD-2-Clause
"""The Verilog of a desk: a board that needs no computer, and what stands around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from firstspike.hdl.flow.wrapping import filled
from firstspike.hdl.standalone.core import BAUD, LISTENING, LOADING, StandaloneCore
from firstspike.hdl.standalone.texts import sentence
from firstspike.sim.benches.flash.model import BOARD_BITS, WAKING, flash_verilog
from firstspike.sim.benches.netlist.cells import cell_models
from firstspike.sim.benches.netlist.netlist import Netlist
from firstspike.sim.harness.verilog import verilog_of

TOP = "desk"

_RTL = """
    core board (.clk(clock), .rst(rst), .rx(rx), .tx(tx), @flash @sensor);"""

_NETLIST = """
    netlist board (@connections);"""

_FLASH_PORTS = ".cs(cs), .sck(sck), .mosi(mosi), .miso(miso),"
_FLASH_PIN = "\n    assign cs = ~cs_n;"
_NO_FLASH = "\n    assign cs = 0, sck = 0, mosi = 0;"


@dataclass(frozen=True)
class Sensed:
    """The surroundings of a board on a desk: the source of what its sensor measures."""

    ports: str
    """The ports of the desk that make it."""
    parts: str
    """The wires and instances of the desk."""
    joined: str
    """The ports of a StandaloneCore that belong to its sensor, with what they are joined to."""
    modules: str = ""
    """The modules of the instances."""


def rtl_verilog(
    sensed: Sensed,
    make: Callable[[], StandaloneCore],
    identity: bytes,
    clock_hz: int,
    flashed: bool = True,
) -> str:
    """Return a desk with a design, which `make` makes if it is not known by its identity.

    A `flashed` design reads its weights from the flash.
    """
    core = verilog_of(make, "core", f"StandaloneCore {identity.hex()}")
    board = filled(_RTL, flash=_FLASH_PORTS if flashed else "", sensor=sensed.joined)
    return _desk(sensed, board + ("" if flashed else _NO_FLASH), clock_hz) + core


def netlist_verilog(
    sensed: Sensed, netlist: Netlist, pins: Mapping[str, str], clock_hz: int
) -> str:
    """Return a desk with a netlist; `pins` says which wire of the desk is at which pin."""
    wires = ", ".join(f".\\{pin} ({wire})" for pin, wire in pins.items())
    flash = _FLASH_PIN if has_flash(pins) else _NO_FLASH
    desk = _desk(sensed, filled(_NETLIST, connections=wires) + flash, clock_hz)
    return desk + netlist.verilog() + cell_models(netlist.family)


def has_flash(pins: Mapping[str, str]) -> bool:
    """Return whether the flash of the desk is at one of these pins."""
    return "cs_n" in pins.values()


def startup_text(flashed: bool) -> bytes:
    """Return the text of a board up to its first decision; a `flashed` one loads its weights."""
    return b"".join(map(sentence, (LOADING, LISTENING) if flashed else (LISTENING,)))


def _desk(sensed: Sensed, board: str, clock_hz: int) -> str:
    desk_files, netlist = files(__package__), files("firstspike.sim.benches.netlist")
    desk = filled(
        desk_files.joinpath("desk.v").read_text(),
        ports=sensed.ports,
        parts=sensed.parts,
        board=board,
        bits=BOARD_BITS,
        rest=round(WAKING * clock_hz),
        clocks=round(clock_hz / BAUD),
    )
    host = netlist.joinpath("uart_host.v").read_text()
    return "\n".join([desk, host, flash_verilog(), sensed.modules])
