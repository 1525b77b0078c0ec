# SPDX-License-Identifier: BSD-2-Clause
"""Prints the Verilog of a board for the toy network, with one fault in it.

    python -m tests.support.faulty_board FAULT learns|plays

The faults are those of `firstspike check mutants`, and some of the link.
"""

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

from firstspike.sim.mutants.faults import FAULTS, Fault, apply

LINK_FAULTS = (
    Fault("checksum-not-checked", "link.framing.receiver", "(~crc.complement).any() | ", ""),
    Fault("order-not-checked", "link.framing.receiver", "(byte == self.expected) | hello", "1"),
    Fault(
        "next-word-read",
        "link.handlers.weights",
        'assign_members(port.payload, counter, "layer", "address"),',
        'assign_members(port.payload, counter, "layer"),'
        " port.payload.address.eq(counter.address + ~writes),",
    ),
    Fault(
        "other-image-played",
        "link.handlers.player",
        "read.addr.eq(Cat(word, counter.image))",
        "read.addr.eq(Cat(word, counter.image ^ 1))",
    ),
)

LANES, WINDOW, STORED_BITS, HELD = 5, 2, 10, 6


def faulty(fault: str, kind: str) -> str:
    """The Verilog with a fault of this name, made by another process."""
    words = [sys.executable, "-m", __name__, fault, kind]
    return subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True).stdout


def verilog(kind: str) -> str:
    """The Verilog of a board that learns, or of one that plays what it holds."""
    from firstspike.golden.timing.shape import CoreShape
    from firstspike.scripts.verbs.serve import board_verilog
    from tests.support.command import toy_network

    shape = CoreShape(lanes=LANES, window=WINDOW)
    if kind == "learns":
        return board_verilog(toy_network(), shape, False, STORED_BITS)
    return board_verilog(toy_network(), shape, False, bench_images=HELD)


if __name__ == "__main__":
    name, kind = sys.argv[1:]
    (chosen,) = (one for one in (*FAULTS, *LINK_FAULTS) if one.name == name)
    apply(chosen)
    # The cache knows a design by its parameters, which a fault does not change.
    with TemporaryDirectory() as os.environ["FIRSTSPIKE_CACHE"]:
        print(verilog(kind), end="")
