# SPDX-License-Identifier: BSD-2-Clause
"""Writes the GTKWave view beside a recording of waves: the ports, with a group per stream."""

import re
from itertools import groupby
from pathlib import Path

from vcd.gtkw import GTKWSave

_NAME = r"\\?(\S+?)"  # a port that is called as a keyword begins with a backslash
_PORT = re.compile(rf"^  (?:input|output) (\[\d+:0\] )?{_NAME} ?;$", re.MULTILINE)


def write_view(dump: Path, verilog: str, toplevel: str) -> Path:
    """Write a view of the top level's ports beside a recording.

    Parameters
    ----------
    dump : the recording; the view gets its name with the suffix .gtkw.
    verilog : the text that was simulated, from `hdl.flow.verilog.convert`.

    Returns
    -------
    The view's path.
    """
    path = dump.with_suffix(".gtkw")
    with open(path, "w") as file:
        save = GTKWSave(file)
        save.dumpfile(dump.name, abspath=False)
        save.treeopen(f"{toplevel}.")
        for prefix, ports in groupby(_ports(verilog, toplevel), key=_stream):
            if prefix:
                with save.group(prefix):
                    for port in ports:
                        save.trace(f"{toplevel}.{port}", alias=port.removeprefix(f"{prefix}__"))
            else:
                for port in ports:
                    save.trace(f"{toplevel}.{port}")
    return path


def _body(verilog: str, module: str) -> str:
    match = re.search(rf"^module {module}\(.*?^endmodule", verilog, re.M | re.S)
    return match.group() if match else ""


def _ports(verilog: str, toplevel: str) -> list[str]:
    """The top level's ports with their ranges; those of a stream together, after the others."""
    match = _PORT.findall(_body(verilog, toplevel))
    return sorted((name + width.strip() for width, name in match), key=lambda p: (_stream(p), p))


def _stream(port: str) -> str:
    return port.split("__")[0] if "__" in port else ""
