"""The saved GTKWave view beside a recording of waves: named signals, a group a stream."""

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from vcd.gtkw import GTKWSave

_PORT = re.compile(r"^ *(?:input|output) (?:reg )?(\[\d+:0\] )?(\w+) *(?:=[^;]*)?;", re.MULTILINE)


def write_view(dump: Path, verilog: str, toplevel: str, signals: Iterable[str] = ()) -> Path:
    """Write a view of the top level's ports, and of further signals, beside a recording.

    Parameters
    ----------
    dump : the recording; the view gets its name with the suffix .gtkw.
    verilog : the text that was simulated.
    signals : names below the top level, with the range of vectors: `queue.place[3:0]`.

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
            if prefix is None:
                for port in ports:
                    save.trace(f"{toplevel}.{port}")
            else:
                with save.group(prefix):
                    for port in ports:
                        save.trace(f"{toplevel}.{port}", alias=port.removeprefix(f"{prefix}__"))
        for signal in signals:
            save.trace(f"{toplevel}.{signal}")
    return path


def _ports(verilog: str, toplevel: str) -> list[str]:
    """The top level's ports as GTKWave names them, with the ranges of vectors; those of a stream
    together, after the others."""
    body = re.search(rf"^module {toplevel}\b.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    ports = [f"{name}{(width or '').strip()}" for width, name in _PORT.findall(body.group())]
    return sorted(ports, key=lambda port: (_stream(port) or "", port))


def _stream(port: str) -> str | None:
    return port.split("__")[0] if "__" in port else None
