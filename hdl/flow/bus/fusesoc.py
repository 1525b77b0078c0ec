# SPDX-License-Identifier: BSD-2-Clause
"""A core on a bus as a FuseSoC core (CAPI2)."""

_CORE = """\
CAPI=2:
name: firstspike:cores:@name@:@version@
description: A spiking network that decides with its first output spike, on AXI4.

filesets:
  rtl:
    files: [@stem@.v: {file_type: verilogSource-2005}]
  bench:
    files: [@stem@_bench.v: {file_type: verilogSource-2005}]

targets:
  default: &default
    filesets: [rtl]
    toplevel: @name@
  lint:
    <<: *default
    description: Check it with Verilator.
    default_tool: verilator
    tools:
      verilator:
        mode: lint-only
        verilator_options: [-Wall]
  sim:
    description: Let it decide an image without a spike.
    filesets: [rtl, bench]
    toplevel: @name@_bench
    default_tool: icarus
    tools:
      icarus: {timescale: 1ns/1ps}
      verilator:
        mode: binary
        verilator_options: [--timing]
  synth:
    <<: *default
    description: Synthesise it for an ECP5.
    default_tool: yosys
    tools:
      yosys:
        arch: ecp5
        output_format: json
"""


def fusesoc_core(name: str, stem: str, version: str) -> str:
    """The core file of module `name`, whose files' names begin with `stem`."""
    text = _CORE
    for word, value in (("name", name), ("stem", stem), ("version", version)):
        text = text.replace(f"@{word}@", value)
    return text
