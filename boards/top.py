# SPDX-License-Identifier: BSD-2-Clause
"""The complete design of a board: clock, pins, and the core with the surrounding blocks."""

from collections.abc import Callable

from amaranth.build import Platform
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import wiring

from firstspike.hdl.lib.layouts import fields
from firstspike.hdl.link.linked_core import kept_wire

from .clocking import add_clock
from .families.pll import Dividers
from .pins.board import Board


class Top(Elaboratable):
    """`core` on `board`, at the clock of `dividers`; `connect` connects it with the pins."""

    def __init__(
        self,
        board: Board,
        dividers: Dividers,
        core: wiring.Component,
        connect: Callable[[Module, Platform, wiring.Component], None],
    ):
        self._board, self._dividers, self._core = board, dividers, core
        self._connect = connect

    def elaborate(self, platform):
        m = Module()
        add_clock(m, platform, self._board.device.family, self._dividers)
        m.submodules.serial_core = core = self._core
        self._connect(m, platform, core)
        logs = [name for name in core.signature.members if name.startswith("log_")]
        for layer, name in enumerate(logs):
            log = getattr(core, name)
            _keep(m, kept_wire(layer, "valid"), log.valid)
            bits = log.spike.as_value()
            for field, offset, width in fields(log.spike.shape()):
                _keep(m, kept_wire(layer, field), bits[offset : offset + width])
        return m


def _keep(m: Module, name: str, value) -> None:
    register = Signal(value.shape(), name=name, attrs={"keep": 1})
    # From a register: abc9 of Yosys 0.70 cuts the logic wrongly at a kept wire inside it.
    m.d.sync += register.eq(value)
