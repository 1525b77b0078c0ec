# SPDX-License-Identifier: BSD-2-Clause
"""Our models of block RAM, port by port against the memories that Amaranth makes.

Every kind of memory that our designs have, in all widths that a block has, goes through Yosys'
synthesis for the ECP5 and for the GW2A. Both get the same random stimulus, and must agree in every
cycle. Of Gowin's cells Yosys assumes the behaviour that the user guide UG285 describes.
"""

import json
import random
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import cocotb
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.flow.devices import GW2AR_18
from firstspike.hdl.flow.toolchain import run_yosys
from firstspike.hdl.flow.verilog import convert
from firstspike.sim.benches.netlist.cells import cell_models
from firstspike.sim.harness.bench_io import arguments
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import ClockDomain

pytestmark = pytest.mark.thorough

SYNTHESIS = {"ecp5": "synth_ecp5", "gowin": GW2AR_18.synthesis}
"""Yosys' command of each family."""

TOP = "twins"

STIMULUS = {
    "read_addr": 14,
    "read_en": 1,
    "write_addr": 14,
    "write_en": 4,
    "write_data": 72,
    "clear": 1,
}


class Ram(wiring.Component):
    """A memory in block RAM, with a read port, and a write port if it is not read-only.

    Parameters
    ----------
    lanes : number of write enables, one per part of a word; 0 for a read-only memory.
    meets : what a read of the address that is being written gives: "new", "old", or "never", if
        there is no such read, as its designer promises. "shared": both ports have one address, and
        are never used in the same cycle. "through": they have one address, and every word that is
        written is also read.
    clears : what has been read is in a register of the design, with a reset; so in a weight store.
    """

    def __init__(self, width, depth, lanes=1, meets="never", clears=False):
        self._options = width, depth, lanes, meets, clears
        super().__init__({name: In(bits) for name, bits in STIMULUS.items()} | {"q": Out(width)})

    def elaborate(self, platform):
        """The memory and its ports."""
        m = Module()
        width, depth, lanes, meets, clears = self._options
        promised = {"no_rw_check": 1} if meets == "never" else {}
        m.submodules.store = store = memory.Memory(
            shape=width,
            depth=depth,
            init=[
                0x9E3779B97F4A7C15F39CC06 * (i + 1) >> 7 & (1 << width) - 1 for i in range(depth)
            ],
            attrs={"ram_style": "block"} | promised,
        )
        write = store.write_port(granularity=width // lanes) if lanes else None
        shows = meets in ("new", "through")
        read = store.read_port(
            domain="comb" if clears else "sync", transparent_for=[write] if shows else []
        )
        enable = Signal()

        def inside(address):
            address = address[: (depth - 1).bit_length()]
            return Mux(address < depth, address, 0)

        m.d.comb += [read.addr.eq(inside(self.read_addr)), enable.eq(self.read_en)]
        if clears:
            held = Signal(width)
            with m.If(enable):
                m.d.sync += held.eq(read.data)
            with m.If(self.clear):
                m.d.sync += held.eq(0)
            m.d.comb += self.q.eq(held)
        else:
            m.d.comb += [read.en.eq(enable), self.q.eq(read.data)]
        if write is None:
            return m
        m.d.comb += [
            write.addr.eq(inside(self.write_addr)),
            write.en.eq(self.write_en[:lanes]),
            write.data.eq(self.write_data),
        ]
        writes = self.write_en[:lanes].any()
        if meets == "shared":
            m.d.comb += [read.addr.eq(write.addr), enable.eq(self.read_en & ~writes)]
        elif meets == "through":
            m.d.comb += [read.addr.eq(write.addr), enable.eq(1)]
        elif meets == "never":
            m.d.comb += enable.eq(self.read_en & ~(writes & (read.addr == write.addr)))
        return m


MEMORIES = {
    "rom_4": Ram(4, 4096, lanes=0),
    "rom_9": Ram(9, 2048, lanes=0),
    "rom_36": Ram(36, 512, lanes=0),
    "rom_128": Ram(128, 256, lanes=0),
    "width_1": Ram(1, 16384),
    "width_2": Ram(2, 8192),
    "width_4": Ram(4, 4096),
    "width_9": Ram(9, 2048),
    "width_18": Ram(18, 1024),
    "width_36": Ram(36, 512),
    "width_72": Ram(72, 512),
    "deep": Ram(12, 3000),
    "shows_new": Ram(36, 512, meets="new"),
    "shows_old": Ram(18, 1024, meets="old"),
    "through": Ram(18, 1024, meets="through"),
    "shared_1": Ram(1, 16384, meets="shared"),
    "shared_9": Ram(9, 2048, meets="shared"),
    "shared_18": Ram(18, 1024, meets="shared"),
    "shared_64": Ram(64, 800, meets="shared"),
    "clears_36": Ram(36, 512, clears=True),
    "clears_9": Ram(9, 2048, clears=True, meets="shared"),
    "clears_64": Ram(64, 800, clears=True, meets="shared"),
    "halves": Ram(18, 1024, lanes=2),
    "quarters": Ram(36, 512, lanes=4),
    "shared_halves": Ram(18, 1024, lanes=2, meets="shared"),
}


class Memories(wiring.Component):
    """The memories of these names side by side, with one stimulus."""

    def __init__(self, names):
        self._names = names
        outputs = {name: Out(MEMORIES[name].q.shape()) for name in names}
        super().__init__({name: In(bits) for name, bits in STIMULUS.items()} | outputs)

    def elaborate(self, platform):
        """The memories, and their wires."""
        m = Module()
        for name in self._names:
            m.submodules[f"ram_{name}"] = ram = MEMORIES[name]
            m.d.comb += getattr(self, name).eq(ram.q)
            m.d.comb += [getattr(ram, port).eq(getattr(self, port)) for port in STIMULUS]
        return m


@cache
def netlist(family, names=tuple(MEMORIES)):
    """Memories made of cells of a family by Yosys: in Verilog, and as JSON."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.il").write_text(
            rtlil.convert(Memories(names), name="cells", emit_src=False)
        )
        run_yosys(
            folder,
            [
                "read_rtlil design.il",
                f"{SYNTHESIS[family]} -top cells",
                "write_verilog -noattr cells.v",
                "write_json cells.json",
            ],
        )
        return (folder / "cells.v").read_text(), json.loads((folder / "cells.json").read_text())


def twins(names):
    """A module that says which of its memories differ, one bit for each."""
    inputs = ", ".join(f"input [{bits - 1}:0] {name}" for name, bits in STIMULUS.items())
    shared = ", ".join(f".{name}({name})" for name in ("clk", "rst", *STIMULUS))
    lines = [f"module {TOP}(input clk, rst, {inputs}, output [{len(names) - 1}:0] differs);"]
    for twin in ("rtl", "cells"):
        ports = ", ".join(f".{name}({twin}_{name})" for name in names)
        lines += [f"wire [{len(MEMORIES[name].q) - 1}:0] {twin}_{name};" for name in names]
        lines.append(f"{twin} {twin} ({shared}, {ports});")
    differ = (f"rtl_{name} != cells_{name}" for name in reversed(names))
    lines += [f"assign differs = {{{', '.join(differ)}}};", "endmodule"]
    return "\n".join(lines)


def compare(family, models, names=tuple(MEMORIES)):
    """Simulate the twins of memories with these models of the cells."""
    cells, _ = netlist(family, names)
    text = "\n".join([twins(names), convert(Memories(names), "rtl"), cells, models])
    Simulation(text, TOP, netlist=True).run(__name__, SimpleNamespace(names=names, cycles=20_000))


@cocotb.test()
async def random_accesses(dut):
    """Fail in the first cycle in which outputs differ. Addresses are near one another by turns."""
    what = arguments(SimpleNamespace)
    inputs = [(getattr(dut, name), bits, name) for name, bits in STIMULUS.items()]
    for handle, _, _ in inputs:
        handle.value = 0
    dut.read_en.value = 1  # what memories show before they have been read is not defined
    domain = ClockDomain(dut)
    await domain.start()
    near = [random.randrange(1 << 14) for _ in range(4)]
    for cycle in range(what.cycles):
        if cycle % 500 == 0:
            near = [random.randrange(1 << 14) for _ in range(4)]
        for handle, bits, name in inputs:
            value = random.randrange(1 << bits)
            if name.endswith("addr") and random.random() < 0.8:
                value = random.choice(near) ^ random.randrange(4)
            handle.value = value
        await domain.falling
        if differs := int(dut.differs.value):
            names = [name for i, name in enumerate(what.names) if differs >> i & 1]
            raise AssertionError(f"{', '.join(names)} differ in cycle {cycle}")
        await domain.rising


def blocks(family, *kinds):
    """Parameters of the cells of these kinds that the memories are made of."""
    cells = netlist(family)[1]["modules"]["cells"]["cells"].values()
    return [cell["parameters"] for cell in cells if cell["type"] in kinds]


def values(found, *names):
    """The values of parameters of these names, as numbers."""
    return {int(block[name], 2) for block in found for name in names}


def test_every_mode_of_the_ecp5_is_in_use():
    found = blocks("ecp5", "DP16KD")
    for port in "AB":
        assert values(found, f"DATA_WIDTH_{port}") == {1, 2, 4, 9, 18, 36}
    assert {block["RESETMODE"] for block in found} == {"SYNC", "ASYNC"}
    modes = {block["WRITEMODE_A"] for block in found if "WRITEMODE_A" in block}
    assert modes == {"NORMAL", "WRITETHROUGH", "READBEFOREWRITE"}


def test_every_mode_of_the_gw2a_is_in_use():
    single, shared = blocks("gowin", "SP", "SPX9"), blocks("gowin", "DPB", "DPX9B")
    separate = blocks("gowin", "SDPX9B")
    assert values(single, "BIT_WIDTH") >= {1, 4, 9, 18, 36}
    assert values(single, "WRITE_MODE") == {0, 1, 2}
    assert values(shared, "BIT_WIDTH_0", "BIT_WIDTH_1") == {1, 2, 4, 9, 18}
    assert values(separate, "BIT_WIDTH_0", "BIT_WIDTH_1") == {36}
    for kind in (single, separate):
        assert {block["RESET_MODE"] for block in kind} == {"SYNC", "ASYNC"}


@pytest.mark.parametrize("family", SYNTHESIS)
def test_block_ram_behaves_as_the_memories_it_is_made_from(family):
    compare(family, cell_models(family))
