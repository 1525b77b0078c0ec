# SPDX-License-Identifier: BSD-2-Clause
"""Builds a bitstream: Yosys, nextpnr seed by seed until the design is fast enough, the packer."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.board import Board
from firstspike.golden.foreign.json_text import check_json, read_json
from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.network import LARGEST
from firstspike.golden.system.files import read_file
from firstspike.golden.timing.layer import MAX_WINDOW
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.flow.devices import ECP5, ICE40
from firstspike.hdl.flow.steps import step
from firstspike.hdl.flow.synthesis import WITHOUT_WEIGHTS, count_cells
from firstspike.hdl.flow.toolchain import ToolError, run_tool, run_yosys, tool_version
from firstspike.hdl.lib.duplicated_register import KEEP_COPIES
from firstspike.hdl.lib.resetless_register import FORGET_INITIAL
from firstspike.hdl.link.protocol.formats import MAX_BENCH_IMAGES
from firstspike.hdl.link.protocol.lines import Line

from .design import TOP, Design, Requirements
from .layout import ROUTED, layout_record
from .memories import in_single_port_ram
from .seeds import SEEDS, Placed, Placer, PlaceSeeds, best_of, in_turn

NETLIST = "netlist"
"""Name of the synthesised netlist: NETLIST.json, which nextpnr reads, and NETLIST.v in Verilog."""

REPORT, REPORT_TEXT = "report.json", "report.txt"
"""Reports in a build's folder, for programs (JSON) and for readers (text)."""

CHECKED = (ICE40, ECP5)
"""Families whose bitstream is compared with the routed design."""

WEIGHTS = "weights.bin"
"""The image of the weights for a board's flash."""

BITSTREAMS = (f"{TOP}.bit", f"{TOP}.bin", f"{TOP}.fs")
"""Possible names of a bitstream, which depend on the family."""

FILES = (
    *(REPORT, REPORT_TEXT, f"{NETLIST}.json", f"{NETLIST}.v", *BITSTREAMS),
    WEIGHTS,
    *(f"{TOP}.*", ROUTED, "count.json", "nextpnr.json", "script.ys", "yosys.log"),
)
"""Names of all files in a build's folder, and one pattern."""

REPORT_BYTES, NETLIST_BYTES, BITSTREAM_BYTES = 1 << 20, 1 << 30, 1 << 26
"""Largest number of bytes that are read of each file."""

BUILT = {
    "board": str,
    "device": str,
    "network": str,
    "bitstream": {"file": str, "bytes": int, "sha256": str},
    "flash?": {"place": range(1 << 32), "file": str, "bytes": int, "sha256": str},
    "layout?": (
        None,
        {"unchecked": str},
        {"faults": int, "first": [str], "names?": {"pins": {str: str}, "wires": {str: [str]}}},
    ),
}
"""Description of a report's entries on the bitstream, and on other files for the flash."""

DESIGNED = {
    "board": str,
    "network": str,
    **{name: [range(1, LARGEST)] for name in ("lanes", "rows")},
    "window": [range(MAX_WINDOW + 1)],
    "clock": range(1, 1 << 32),
    "stored_bits": (None, range(1, MAX_STORED_BITS + 1)),
    "bench_images": range(MAX_BENCH_IMAGES + 1),
    "overlap": bool,
    "link": tuple(line.value for line in Line),
    "flash?": BUILT["flash?"],
}
"""Description of a report's entries on the design."""


def read_report(folder: Path, description: dict[str, Any]) -> dict[str, Any]:
    """Return the report in a build's folder; its content must match `description`.

    Raises JsonError for another content, and OSError without a report.
    """
    report = read_json(read_file(folder / REPORT, REPORT_BYTES))
    check_json(report, description, REPORT)
    return report


def shape_of(report: dict[str, Any]) -> CoreShape:
    """Return the shape of the core of a build with this report, one that matches DESIGNED."""
    lanes, window, rows = tuple(report["lanes"]), max(report["window"]), max(report["rows"])
    return CoreShape(lanes, window, rows=rows, overlap=report["overlap"])


def requirements_of(report: dict[str, Any]) -> Requirements:
    """Return the requirements of a build with this report, one that matches DESIGNED."""
    stored = report["stored_bits"], report["bench_images"], Line(report["link"])
    return Requirements(shape_of(report), report["clock"], *stored)


def build_folder(net: str, board: str) -> Path:
    """Return the default folder of a build, named after the network and the board."""
    return Path("build") / f"{Path(net).stem}-{board}"


def tools_for(board: Board, *, native: bool = False) -> list[str]:
    """Return names and versions of the tools for a board. Raises ToolError if one is missing."""
    family = board.device.family
    names = ("yosys", family.router, family.packer)
    # YoWASP has nextpnr and the packer in one package
    return list(dict.fromkeys(tool_version(name, native=native) for name in names))


@dataclass(frozen=True)
class Flow:
    """The tools of a build, and its placements."""

    tools: Sequence[str]
    """Names and versions, as `tools_for` returns them."""
    seeds: Sequence[int] = SEEDS
    place_seeds: PlaceSeeds = in_turn
    """Selects the seeds to try, and runs the placements."""
    native: bool = False
    """Whether the tools are those on the PATH."""
    placed: Placed = lambda *_: None
    """Called for each relevant placement."""


def build(design: Design, folder: Path, flow: Flow) -> dict[str, Any]:
    """Build a bitstream in the empty folder `folder`, and return the report with JSON values.

    If no seed is fast enough, `met` is false, the figures are those of the fastest seed, and there
    is no bitstream. Raises ToolError if a tool fails, or the design does not fit.
    """
    began, native = time.monotonic(), flow.native
    board, device = design.board, design.board.device
    with step("Amaranth: the design as RTLIL"):
        build_hash = design.build_hash
        plan = design.plan(build_hash)
        for name, content in plan.files.items():
            if name.endswith((".il", ".pcf", ".lpf", ".cst")):
                (folder / name).write_text(content)
    with step("Yosys: synthesis"):
        used = _synthesise(design, folder, native)
    over = device.excess(used)
    if over:
        raise ToolError(
            f"the design takes {', '.join(over)} of the {board.title}: take fewer lanes, or a "
            "larger board."
        )

    _, route, pack, *_ = (command[1:] for command in json.loads(plan.files[_COMMANDS])["commands"])
    words = [f"{NETLIST}.json" if word == f"{TOP}.json" else word for word in route]
    if device.family in CHECKED:
        words += ["--write", ROUTED]
    placer = Placer(device.family, tuple(_without(words, "--quiet")), folder, native)
    tried = flow.place_seeds(placer, flow.seeds, flow.placed)
    seed = best_of(tried)
    bitstream = layout = None
    if tried[seed].met:
        with step(f"{device.family.packer}: bitstream"):
            words = _without(pack, "--svf", f"{TOP}.svf")
            run_tool(device.family.packer, words, folder, native=native)
        (path,) = bitstreams(folder)
        bitstream = fingerprint(path)
        if device.family in CHECKED:
            with step("bitstream: compared with the routed design"):
                layout = layout_record(path, board)
    weights, more = "loaded" if board.loaded else "bitstream", {}
    if design.in_flash is not None:
        address, content = design.in_flash
        (folder / WEIGHTS).write_bytes(content)
        weights = "flash"
        more["flash"] = {"place": address, **fingerprint(folder / WEIGHTS)}
    if design.duty is not None:
        more["duty"] = design.duty
    return {
        "board": board.name,
        "device": device.name,
        "family": device.family.name,
        "speed": board.speed,
        "tools": list(flow.tools),
        "network": design.network.digest(),
        "build": build_hash.hex(),
        "lanes": [layer.lanes for layer in design.config.folding.layers],
        "window": [layer.window for layer in design.config.folding.layers],
        "rows": [layer.rows for layer in design.config.folding.layers],
        "overlap": design.config.folding.overlaps,
        "stored_bits": design.config.stored_bits,
        "bench_images": design.bench_images,
        "weights": weights,
        "used": used,
        "holds": device.holds,
        "placed": tried[seed].cells,
        "clock": design.hz,
        "link": design.talk,
        "bit_rate": design.bit_rate,
        "seed": seed,
        "fmax": {number: placement.fmax for number, placement in tried.items()},
        "met": tried[seed].met,
        "bitstream": bitstream,
        "layout": layout,
        **more,
        "digits": _latency(design),
        "seconds": round(time.monotonic() - began, 1),
    }


def logic_of(report: dict[str, Any]) -> int:
    """Return the look-up tables of a build; for a placed iCE40 its logic cells."""
    cells: int = report["placed"].get("ICESTORM_LC", report["used"]["LUTs"])
    return cells


_COMMANDS = f"build_{TOP}.json"


def fingerprint(path: Path) -> dict[str, Any]:
    """Return name, size in bytes and SHA-256 of a file, which identify it."""
    content = read_file(path, BITSTREAM_BYTES)
    return {
        "file": path.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def bitstreams(folder: Path) -> list[Path]:
    """Return the bitstreams in a build's folder, normally one."""
    return [path for name in BITSTREAMS if (path := folder / name).exists()]


def _synthesise(design: Design, folder: Path, native: bool) -> dict[str, int]:
    device = design.board.device
    run_yosys(
        folder,
        [
            f"read_rtlil {TOP}.il",
            "proc",
            "opt_clean -purge",  # wires without bits disturb abc9
            FORGET_INITIAL,
            KEEP_COPIES,
            *device.family.commands,
            *(_in_single_port_ram(design) if design.board.loaded else []),
            f"{design.synthesis} -top {TOP}",
            "tee -q -o count.json stat -json",
            f"write_json {NETLIST}.json",
            f"write_verilog -noattr {NETLIST}.v",
        ],
        native=native,
    )
    return count_cells(device, folder / "count.json", TOP)


def _in_single_port_ram(design: Design) -> list[str]:
    """Return the commands of Yosys that put large memories into single-port RAM."""
    held = in_single_port_ram(design.memories, design.board)
    patterns = (f"*.{path}/m:*" for path in held)
    # By their cost, Yosys would use many small block RAMs.
    return [WITHOUT_WEIGHTS, f'setattr -set ram_style "huge" {" ".join(patterns)}']


def _without(words: Sequence[str], *left_out: str) -> list[str]:
    return [word for word in words if word not in left_out]


def _latency(design: Design) -> dict[str, Any] | None:
    """Return cycles and microseconds of the bundled test digits; None if the network takes none."""
    cycles = design.digit_cycles()
    if cycles is None:
        return None
    figures = {"mean": cycles.mean(), "least": cycles.min(), "most": cycles.max()}
    return {
        "images": len(cycles),
        "cycles": {name: float(value) for name, value in figures.items()},
        "us": {name: float(value) * MHZ / design.hz for name, value in figures.items()},
    }
