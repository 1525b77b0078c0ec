# SPDX-License-Identifier: BSD-2-Clause
"""The flash of a design under test, and a core behind its link that has its weights from one.

host <-> linked core <-> spi_flash.v <- filled
"""

from collections.abc import Iterable
from typing import Any

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from firstspike.golden import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flash.spi import WIRES
from firstspike.hdl.lib.block import Block, join, tap
from firstspike.hdl.link.linked_core import LinkedCore
from firstspike.sim.benches.flash.model import flash_verilog
from firstspike.sim.benches.link.script import LINKED_CORE_TOP, linked_core_verilog
from firstspike.sim.harness.streams import ClockDomain, Dut, drive
from firstspike.sim.harness.verilog import verilog_of

FLASH_ADDRESS = 0x50
"""Address of the image in the flash of a bench without a board."""

FLASH_BITS = 17
"""Bits of an address that the model of this flash decodes."""


def spi_flash(
    filled: Any,
    wires: Any,
    rest: int = 3,
    locked: Signal | None = None,
    stored: Signal | None = None,
    awake: bool = False,
) -> Instance:
    """Return a flash that is `filled` byte by byte; `wires` are those of a Loader.

    It is `awake` at power-up, or wakes in `rest` cycles. It protects its content while it is
    `locked`. `stored` is the byte at `filled.address`.
    """
    return Instance(
        "spi_flash",
        p_BITS=FLASH_BITS,
        p_REST=rest,
        p_AWAKE=int(awake),
        i_clk=ClockSignal(),
        i_write=filled.valid,
        i_address=filled.address,
        i_data=filled.data,
        **{f"i_{name}": getattr(wires, name) for name in WIRES if name != "miso"},
        o_miso=wires.miso,
        i_locked=Const(0) if locked is None else locked,
        o_stored=Signal(8) if stored is None else stored,
    )


async def stored(dut: Dut, domain: ClockDomain, addresses: Iterable[int]) -> bytes:
    """Read bytes of the flash by address, one per cycle."""
    content = bytearray()
    await domain.falling
    for address in addresses:
        drive(dut, filled__address=address)
        await domain.falling
        content.append(int(dut.stored.value))
    return bytes(content)


class FlashedLink(Block):
    """A core behind its link with the flash that it reads; `filled` is a byte for the flash."""

    def __init__(self, core: LinkedCore) -> None:
        self._core = core
        members = dict(core.signature.members)
        del members["flash"]
        self._ports = members
        super().__init__(**members, filled=In(tap(address=24, data=8)))

    def build(self, m: Module) -> None:
        """Put into the module m what is inside."""
        m.submodules.core = core = self._core
        m.submodules.flash = spi_flash(self.filled, core.flash)
        join(m, wiring.flipped(self), core, *self._ports)


def link_verilog(
    config: CoreConfig, network: Network, flash_address: int | None, **link: Any
) -> str:
    """Return the Verilog of `linked_core_verilog`; with an address in the flash, of a FlashedLink.

    The flash is empty at first. Other parameters are those of the core.
    """
    if flash_address is None:
        return linked_core_verilog(config, network, **link)
    core = LinkedCore(config, network, flash_address=flash_address, **link)
    return verilog_of(FlashedLink(core), LINKED_CORE_TOP) + flash_verilog()
