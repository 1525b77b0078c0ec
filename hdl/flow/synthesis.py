# SPDX-License-Identifier: BSD-2-Clause
"""Resources and clock frequency of a core on an FPGA: synthesis, placement and routing."""

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
from firstspike.hdl.lib.duplicated_register import KEEP_COPIES
from firstspike.hdl.lib.resetless_register import FORGET_INITIAL

from .devices import ECP5_85F, HX8K, UP5K, Device, Family
from .elaboration import uncollected
from .steps import Tell, untold
from .toolchain import ToolError, run_tool, run_yosys

SEED = 1
"""Seed of the placement. The frequency varies by some per cent between seeds."""


@dataclass(frozen=True)
class Part:
    """A device, and the options of nextpnr to place a core without a board."""

    device: Device
    options: tuple[str, ...]


PARTS = (
    Part(UP5K, ("--up5k", "--package", "sg48", "--freq", "24")),
    Part(HX8K, ("--hx8k", "--package", "ct256", "--freq", "60")),
    Part(ECP5_85F, ("--85k", "--package", "CABGA381", "--speed", "6", "--freq", "100")),
)


@dataclass
class Result:
    """The row of a device in the report."""

    device: str
    used: dict[str, int] = field(default_factory=dict)
    fmax: float | None = None  # MHz
    note: str = ""


class _Harness(Block):
    """A core with two pins, because no package has pins for all ports of a core.

    A shift register drives the inputs, and a chain of registers and exclusive ors collects the
    outputs, so that every path to and from the core starts or ends at a register.
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
    """Write design.json, the netlist for nextpnr of a core of `config` with two pins.

    count.json contains the cells of the core, around.json those of its harness.
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

    The memories contain zeros, because their content does not change the resources. With `loaded`
    the weight memories have no initial content, which single-port RAM requires. The counts are
    those of the core only, without its harness.
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
            result.fmax = place_and_route(device.family, words, folder).fmax
        except ToolError as error:
            result.note = f"does not fit: {error}"
    return result


WITHOUT_WEIGHTS = "delete *.store/t:$meminit_v2"
"""Yosys command that removes the initial content of the memories of modules with this name."""


def count_cells(device: Device, statistics: Path, module: str) -> dict[str, int]:
    """Return the resources that a module uses, from the output of `stat -json`."""
    modules = json.loads(statistics.read_text())["modules"]
    return device.family.count(modules[f"\\{module}"]["num_cells_by_type"])


class Clock(NamedTuple):
    """A clock's frequency after routing, and its constraint, in MHz."""

    achieved: float
    constraint: float


class Placement(NamedTuple):
    """The report of nextpnr on a routed design."""

    clocks: dict[str, Clock]
    cells: dict[str, int]
    """Number of used cells by the kinds of nextpnr, without unused kinds."""

    @property
    def fmax(self) -> float:
        """The frequency of the slowest clock in MHz."""
        return min(clock.achieved for clock in self.clocks.values())

    @property
    def met(self) -> bool:
        """Whether every clock meets its constraint."""
        return all(clock.achieved >= clock.constraint for clock in self.clocks.values())


_PHASES = (
    (r"at iteration #(\d+), type ALL:", "placing, iteration {}"),
    (r"at iteration #(\d+): temp = ", "refining the placement, iteration {}"),
    (r"\d+ \|[^|]*\|[^|]*\| *(\d+)\|", "routing, {} arcs left"),
    (r"iter=\d+ wires=\d+ overused=(\d+)", "routing, {} wires used twice"),
)
"""Patterns of nextpnr's progress lines, and their meaning; each router prints one of the last two.
"""


def phase_of(line: str) -> str | None:
    """Return the progress that a line of nextpnr reports, or None."""
    for pattern, meaning in _PHASES:
        if match := re.search(pattern, line):
            return meaning.format(match[1])
    return None


def place_and_route(
    family: Family,
    words: Sequence[str],
    folder: Path,
    *,
    native: bool = False,
    tell: Tell = untold,
) -> Placement:
    """Place and route with the family's nextpnr and the options `words`.

    A clock below its constraint is not an error. `tell` receives the progress. Raises ToolError.
    """

    def read(line: str) -> None:
        if phase := phase_of(line):
            tell(phase)

    path = "nextpnr.json"
    words = [*words, "--report", path, "--timing-allow-fail"]
    run_tool(family.router, words, folder, native=native, read=read)
    report = json.loads((folder / path).read_text())
    return Placement(
        {
            name: Clock(clock["achieved"], clock["constraint"])
            for name, clock in report["fmax"].items()
        },
        {kind: cells["used"] for kind, cells in report["utilization"].items() if cells["used"]},
    )
