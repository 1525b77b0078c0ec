# SPDX-License-Identifier: BSD-2-Clause
"""Verilog identifiers that every tool accepts, in place of escaped identifiers."""

import re
from collections.abc import Collection

from firstspike.golden.system.errors import FirstSpikeError

_KEYWORDS = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic
before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle
checker class clocking cmos config const constraint context continue cover covergroup coverpoint
cross deassign default defparam design disable dist do edge else end endcase endchecker endclass
endclocking endconfig endfunction endgenerate endgroup endinterface endmodule endpackage
endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event
eventually expect export extends extern final first_match for force foreach forever fork
forkjoin function generate genvar global highz0 highz1 if iff ifnone ignore_bins illegal_bins
implements implies import incdir include initial inout input inside instance int integer
interconnect interface intersect join join_any join_none large let liblist library local
localparam logic longint macromodule matches medium modport module nand negedge nettype new
nexttime nmos nor noshowcancelled not notif0 notif1 null or output package packed parameter pmos
posedge primitive priority program property protected pull0 pull1 pulldown pullup
pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime
ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always
s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled
signed small soft solve specify specparam static string strong strong0 strong1 struct super
supply0 supply1 sync_accept_on sync_reject_on table tagged task this throughout time
timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union
unique unique0 unsigned until until_with untyped use uwire var vectored virtual void wait
wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
"""
KEYWORDS = frozenset(_KEYWORDS.split())
"""Keywords of SystemVerilog (IEEE 1800-2017, annex B)."""

MOST = 80
"""Maximum length of a module's name; submodules have longer names, and tools name files by them."""


class IdentifierError(FirstSpikeError, ValueError):
    """The name is not valid for a module; the message describes valid names."""


def check_identifier(name: str) -> None:
    """Raise IdentifierError unless `name` is valid for a module without escaping."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise IdentifierError(
            f"{name!r} is no name for a Verilog module: take letters, digits and _, and no digit "
            "first."
        )
    if len(name) > MOST:
        raise IdentifierError(
            f"the name of a Verilog module has {len(name)} characters: take at most {MOST} "
            "characters."
        )
    if name in KEYWORDS:
        raise IdentifierError(f"{name!r} is a keyword of Verilog: take another name.")


def plain(verilog: str, rtlil: str, unchanged: Collection[str]) -> str:
    """Return `verilog` with plain names instead of escaped ones, except those in `unchanged`.

    `core.layer_0` becomes `core_layer_0`, followed by a number if this name is in use. A name of
    Amaranth like `port$4219$27`, which stands for a part of a signal, becomes the name of this part
    in `rtlil`, the design that Yosys has read.
    """
    used = set(_PLAIN.findall(verilog)) | KEYWORDS
    parts = _parts(rtlil)
    names = {name: f"\\{name} " for name in unchanged}

    def name(escaped: re.Match) -> str:
        old = escaped[1]
        if old not in names:
            stem = re.sub(r"\W+", "_", parts.get(old, old)).strip("_")
            if old.startswith("port$") and old not in parts:
                stem = "port"
            new, number = stem, 0
            while new in used:
                number += 1
                new = f"{stem}_{number}"
            used.add(new)
            names[old] = new
        return names[old]

    return _ESCAPED.sub(name, verilog)


_PLAIN = re.compile(r"(?<![\w\\$'.])[A-Za-z_]\w*")
_ESCAPED = re.compile(r"\\(\S+) ")

_PORT = re.compile(r"^  wire width (\d+) (?:in|out)put \d+ +\\(port\$\S+)$", re.MULTILINE)
_NAMED = re.compile(r"^connect \\(\S+) (.*\\port\$.*)$", re.MULTILINE)
_PIECE = re.compile(r"\\(port\$\S+) \[(?:(\d+):)?0\]")


def _parts(rtlil: str) -> dict[str, str]:
    """Return the signal, or the part of a signal, for which each port `port$N$N` stands."""
    widths = {port: int(width) for width, port in _PORT.findall(rtlil)}
    names_of_ports: dict[str, str] = {}
    pieces: dict[str, str] = {}
    for name, source in _NAMED.findall(rtlil):
        matches = _PIECE.findall(source)
        for number, (port, high) in enumerate(reversed(matches)):
            if widths.get(port) == int(high or 0) + 1:
                if source.startswith("{"):
                    pieces.setdefault(port, f"{name}_{number}")
                else:
                    names_of_ports.setdefault(port, name)
    return pieces | names_of_ports
