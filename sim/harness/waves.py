# SPDX-License-Identifier: BSD-2-Clause
"""The saved GTKWave view beside a recording of waves: named signals, a group a stream."""

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from vcd.gtkw import GTKWSave

_NAME = r"\\?(\S+?)"  # a port that is called as a keyword begins with a backslash
_PORT = re.compile(rf"^  (?:input|output) (\[\d+:0\] )?{_NAME} ?;$", re.MULTILINE)
_SIGNAL = re.compile(rf"^  (?:wire|reg) (?:signed )?(\[\d+:0\] )?{_NAME} ?;$", re.MULTILINE)


def write_view(dump: Path, verilog: str, toplevel: str, signals: Iterable[str] = ()) -> Path:
    """Write a view of the top level's ports, and of further signals, beside a recording.

    Parameters
    ----------
    dump : the recording; the view gets its name with the suffix .gtkw.
    verilog : the text that was simulated, from `hdl.flow.verilog.convert`.
    signals : names below the top level, such as `layer_0.lanes.S_0`.

    Returns
    -------
    The view's path.

    Raises
    ------
    ValueError : there is no such signal.
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
        for signal in signals:
            save.trace(f"{toplevel}.{signal}{_range(verilog, toplevel, signal)}")
    return path


def _body(verilog: str, module: str) -> str:
    found = re.search(rf"^module {module}\(.*?^endmodule", verilog, re.M | re.S)
    return found.group() if found else ""


def _ports(verilog: str, toplevel: str) -> list[str]:
    """The top level's ports with their ranges; those of a stream together, after the others."""
    found = _PORT.findall(_body(verilog, toplevel))
    return sorted((name + width.strip() for width, name in found), key=lambda p: (_stream(p), p))


def _stream(port: str) -> str:
    return port.split("__")[0] if "__" in port else ""


def _range(verilog: str, toplevel: str, signal: str) -> str:
    *instances, name = signal.split(".")
    for width, declared in _SIGNAL.findall(_body(verilog, "_".join([toplevel, *instances]))):
        if declared == name:
            return width.strip()
    raise ValueError(f"{toplevel} has no signal {signal!r} to be viewed.")
