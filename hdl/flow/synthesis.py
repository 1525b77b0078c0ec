# SPDX-License-Identifier: BSD-2-Clause
"""What a core takes on an FPGA: look-up tables, flip-flops, memories and clock frequency."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.lib.block import Block
from firstspike.hdl.lib.copies import KEEP_COPIES
from firstspike.hdl.lib.unknown_register import FORGET_INITIAL

from .devices import ECP5_85F, HX8K, UP5K, Device, Family
from .elaboration import uncollected
from .steps import Tell, untold
from .toolchain import ToolError, run_tool, run_yosys

SEED = 1
"""Seed of the placement: the frequency varies by some per cent from seed to seed."""


@dataclass(frozen=True)
class Part:
    """A device, and with what options its nextpnr is to place a core that is on no board."""

    device: Device
    options: tuple[str, ...]


PARTS = (
    Part(UP5K, ("--up5k", "--package", "sg48", "--freq", "24")),
    Part(HX8K, ("--hx8k", "--package", "ct256", "--freq", "60")),
    Part(ECP5_85F, ("--85k", "--package", "CABGA381", "--speed", "6", "--freq", "100")),
)


@dataclass
class Result:
    """One device's row of the report."""

    device: str
    used: dict[str, int] = field(default_factory=dict)
    fmax: float | None = None  # MHz
    note: str = ""


class _Harness(Block):
    """A core on two pins: its ports would not fit on any package.

    Inputs come from a shift register, outputs go into a chain of registers and exclusive ors,
    so that every path to and from the core begins or ends in a register.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        super().__init__(pin_i=In(1), pin_o=Out(1))

    def build(self, m: Module) -> None:
        m.submodules.core = core = self._core
        i, o = self.pin_i, self.pin_o
        before = i
        chain = 0
        for _, member, value in core.signature.flatten(core):
            bits = value if isinstance(value, Signal) else value.as_value()
            for bit in bits:
                register = Signal(reset_less=True)
                if member.flow is In:
                    m.d.sync += register.eq(before)
                    m.d.comb += bit.eq(register)
                    before = register
                else:
                    m.d.sync += register.eq(chain ^ bit)
                    chain = register
        m.d.comb += o.eq(chain)


def write_netlist(config: CoreConfig, device: Device, folder: Path, loaded: bool) -> None:
    """Write design.json, a core of `config` on two pins, as nextpnr reads it.

    In count.json are the cells of the core, in around.json those that take it to its pins.
    """
    with uncollected():
        text = rtlil.convert(_Harness(Core(config)), name="harness", emit_src=False)
    (folder / "design.il").write_text(text)
    run_yosys(
        folder,
        [
            "read_rtlil design.il",
            "proc",
            "opt_clean -purge",  # wires without bits disturb abc9
            FORGET_INITIAL,
            KEEP_COPIES,
            *device.family.commands,
            *([WITHOUT_WEIGHTS] if loaded else []),
            "design -save both",
            f"{device.synthesis} -top harness.core",
            "tee -q -o count.json stat -json",
            "write_rtlil core.il",
            "design -load both",
            "blackbox harness.core",
            f"{device.synthesis} -top harness",
            "tee -q -o around.json stat -json",
            "read_rtlil -overwrite core.il",
            "flatten",
            "opt_clean -purge",
            "write_json design.json",
        ],
    )


def synthesise(config: CoreConfig, part: Part, loaded: bool = False) -> Result:
    """Synthesise a core of `config` for a device, and place and route it if it fits.

    Its memories hold zeros, since what is in them takes no room; with `loaded` the weights are
    without initial content, as single-port RAM asks for. Counts are of the core alone.
    """
    device = part.device
    result = Result(device.name)
    with temporary_folder() as folder:
        write_netlist(config, device, folder, loaded)
        result.used = count_cells(device, folder / "count.json", "harness.core")
        over = device.excess(result.used)
        if over:
            result.note = f"does not fit: {', '.join(over)}"
            return result
        words = ["--json", "design.json", "--seed", str(SEED), *part.options]
        try:
            result.fmax = place(device.family, words, folder).fmax
        except ToolError as error:
            result.note = f"does not fit: {error}"
    return result


WITHOUT_WEIGHTS = "delete *.store/t:$meminit_v2"
"""Command of Yosys: the memories of modules with this name begin with no content."""


def count_cells(device: Device, statistics: Path, module: str) -> dict[str, int]:
    """What a module takes of the device, from what `stat -json` has written."""
    modules = json.loads(statistics.read_text())["modules"]
    return device.family.count(modules[f"\\{module}"]["num_cells_by_type"])


class Clock(NamedTuple):
    """A clock's frequency after routing, and what it was to be, in MHz."""

    achieved: float
    constraint: float


class Placement(NamedTuple):
    """What nextpnr says of a design that it has placed and routed."""

    clocks: dict[str, Clock]
    cells: dict[str, int]
    """How many of each of its own kinds of cells are used, of those that are."""

    @property
    def fmax(self) -> float:
        """The slowest clock's, in MHz."""
        return min(clock.achieved for clock in self.clocks.values())

    @property
    def met(self) -> bool:
        """Whether every clock is as fast as it was to be."""
        return all(clock.achieved >= clock.constraint for clock in self.clocks.values())


_PHASES = (
    (r"at iteration #(\d+), type ALL:", "placing, iteration {}"),
    (r"at iteration #(\d+): temp = ", "refining the placement, iteration {}"),
    (r"\d+ \|[^|]*\|[^|]*\| *(\d+)\|", "routing, {} arcs left"),
    (r"iter=\d+ wires=\d+ overused=(\d+)", "routing, {} wires used twice"),
)
"""Lines of nextpnr that tell how far it is, and what they mean: of the last two each router's."""


def phase_of(line: str) -> str | None:
    """What a line of nextpnr tells of its progress, None if it tells nothing of it."""
    for pattern, meaning in _PHASES:
        if found := re.search(pattern, line):
            return meaning.format(found[1])
    return None


def place(
    family: Family,
    words: Sequence[str],
    folder: Path,
    *,
    native: bool = False,
    tell: Tell = untold,
) -> Placement:
    """Place and route with the family's nextpnr, which gets `words`; a slow clock is no error.

    `tell` gets its progress. Raises ToolError.
    """

    def read(line: str) -> None:
        if phase := phase_of(line):
            tell(phase)

    report = "nextpnr.json"
    words = [*words, "--report", report, "--timing-allow-fail"]
    run_tool(family.router, words, folder, native=native, read=read)
    said = json.loads((folder / report).read_text())
    return Placement(
        {
            name: Clock(clock["achieved"], clock["constraint"])
            for name, clock in said["fmax"].items()
        },
        {kind: cells["used"] for kind, cells in said["utilization"].items() if cells["used"]},
    )
