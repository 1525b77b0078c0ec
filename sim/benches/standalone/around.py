# SPDX-License-Identifier: BSD-2-Clause
"""The Verilog of a desk: a board that needs no computer, and what stands around it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

from firstspike.hdl.flow.wrapping import filled
from firstspike.hdl.standalone.core import BAUD, LISTENING, LOADING, StandaloneCore
from firstspike.hdl.standalone.texts import sentence
from firstspike.sim.benches.flash.model import BOARD_BITS, WAKING, flash_verilog
from firstspike.sim.harness.verilog import verilog_of

TOP = "desk"

_RTL = """
    core board (.clk(clock), .rst(rst), .rx(rx), .tx(tx), @flash @sensor);"""

_FLASH_PORTS = ".cs(cs), .sck(sck), .mosi(mosi), .miso(miso),"
NO_FLASH = "\n    assign cs = 0, sck = 0, mosi = 0;"


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
    return desk_verilog(sensed, board + ("" if flashed else NO_FLASH), clock_hz) + core


def startup_text(flashed: bool) -> bytes:
    """Return the text of a board up to its first decision; a `flashed` one loads its weights."""
    return b"".join(map(sentence, (LOADING, LISTENING) if flashed else (LISTENING,)))


def desk_verilog(sensed: Sensed, board: str, clock_hz: int) -> str:
    """Return a desk with this `board`: its instance, and the wires of its flash."""
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
