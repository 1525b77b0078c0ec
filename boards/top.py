"""A board's whole design: clock, pins and serial core."""

from amaranth.hdl import Elaboratable, Module, Signal

from firstspike.hdl.link.serial_core import DEBUG

from .clocking import add_clock
from .pins.board import Board
from .pll import Dividers


class Top(Elaboratable):
    """`serial_core` on `board`, at the clock that `dividers` give."""

    def __init__(self, board: Board, dividers: Dividers, serial_core):
        self._board, self._dividers, self._serial_core = board, dividers, serial_core

    def elaborate(self, platform):
        m = Module()
        add_clock(m, platform, self._board.device.family, self._dividers)
        m.submodules.serial_core = serial_core = self._serial_core
        self._board.connect(m, platform, serial_core)
        for name in serial_core.signature.members:
            if name.startswith("log_"):
                log = getattr(serial_core, name)
                _keep(m, f"{DEBUG}{name}_valid", log.valid)
                for field, _ in log.spike.shape():
                    _keep(m, f"{DEBUG}{name}_{field}", log.spike[field])
        return m


def _keep(m: Module, name: str, value) -> None:
    kept = Signal(value.shape(), name=name, attrs={"keep": 1})
    # From a register: at a kept wire inside logic abc9 of Yosys 0.70 cuts the logic wrongly.
    m.d.sync += kept.eq(value)
