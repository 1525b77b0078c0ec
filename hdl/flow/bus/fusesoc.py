# SPDX-License-Identifier: BSD-2-Clause
"""A core on a bus as a FuseSoC core (CAPI2)."""

import json

from firstspike.hdl.flow.wrapping import filled

_CORE = """\
CAPI=2:
name: @{vlnv}
description: A spiking network that decides with its first output spike, on AXI4.

filesets:
  rtl:
    files: [@{core}: {file_type: verilogSource-2005}]
  bench:
    files: [@{bench}: {file_type: verilogSource-2005}]

targets:
  default: &default
    filesets: [rtl]
    toplevel: @{top}
  lint:
    <<: *default
    description: Check it with Verilator.
    default_tool: verilator
    tools:
      verilator:
        mode: lint-only
        verilator_options: [-Wall]
  sim:
    description: Let it decide an image.
    filesets: [rtl, bench]
    toplevel: @{top_bench}
    default_tool: icarus
    tools:
      icarus: {timescale: 1ns/1ps}
      verilator:
        mode: binary
        verilator_options: [--timing]
  synth:
    <<: *default
    description: Synthesise it for an ECP5, by a Yosys with Tcl; YoWASP's has none.
    default_tool: yosys
    tools:
      yosys:
        arch: ecp5
        output_format: json
"""


def fusesoc_core(name: str, stem: str, version: str) -> str:
    """Return the core file of module `name`, whose file names start with `stem`."""
    values = {
        "vlnv": f"firstspike:cores:{name}:{version}",
        "core": f"{stem}.v",
        "bench": f"{stem}_bench.v",
        "top": name,
        "top_bench": f"{name}_bench",
    }
    # Quotes make strings of values like `true` and `1e3` in YAML.
    return filled(_CORE, **{word: json.dumps(value) for word, value in values.items()})
