# SPDX-License-Identifier: BSD-2-Clause
"""A core behind its link, simulated: what a host sends byte by byte or bit by bit, what comes back.

The other side of this file is `bench`.
"""

import hashlib
import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from firstspike.golden import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.framing.uart import LINE_SPACING
from firstspike.hdl.link.linked_core import LinkedCore
from firstspike.hdl.link.protocol.formats import (
    DELIMITER,
    REQUEST_OVERHEAD,
    decode_frame,
    encode_frame,
)
from firstspike.hdl.link.protocol.lines import Line
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.verilog import verilog_of

LINKED_CORE_TOP, SERIAL_CORE_TOP = "firstspike_link", "firstspike_serial_core"

CLOCK = 24_000_000
"""Hz, of the smallest board; in simulation only its ratio to the baud rate matters."""


def linked_core_verilog(config: CoreConfig, network: Network, *, weights=None, **link: Any) -> str:
    """Verilog of a LinkedCore, whose parameters these are; top module LINKED_CORE_TOP."""
    return _verilog(LINKED_CORE_TOP, config, network, weights, link)


def serial_core_verilog(config: CoreConfig, network: Network, *, weights=None, **link: Any) -> str:
    """Likewise of a LinkedCore with a line, by default a UART; top module SERIAL_CORE_TOP."""
    return _verilog(SERIAL_CORE_TOP, config, network, weights, {"line": Line.UART} | link)


def _verilog(top, config, network, weights, link):
    link = {"clock_hz": CLOCK} | link
    rest = hashlib.sha256(pickle.dumps((weights, sorted(link.items()))))
    made_from = repr((config, network.digest(), rest.hexdigest()))
    return verilog_of(lambda: LinkedCore(config, network, weights=weights, **link), top, made_from)


PATIENCE = 200_000
"""Clock cycles without a byte, more than any request takes but to play images."""


@dataclass(frozen=True)
class Answer:
    """A frame from the board."""

    kind: int
    sequence: int
    payload: bytes
    cycle: int
    """Clock cycle in which its delimiter came."""


class Script:
    """The steps of a host, which a bench carries out; the bench reports the answers."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, Any]] = []
        """Methods of `bench.LinkBench` with their arguments."""

    def _then(self, step: str, *arguments: Any) -> Self:
        self.steps.append((step, arguments))
        return self

    def send(self, content: bytes, *, spacing: int = LINE_SPACING) -> Self:
        """Send raw bytes, `spacing` clock cycles apart (ignored bit by bit)."""
        return self._then("send", content, spacing)

    def request(
        self, kind: int, sequence: int, payload: bytes = b"", *, spacing: int = LINE_SPACING
    ) -> Self:
        """Send a valid frame."""
        return self.send(encode_frame(kind, sequence, payload), spacing=spacing)

    def ask(
        self, request: tuple[int, bytes], sequence: int, *, spacing: int = LINE_SPACING
    ) -> Self:
        """Send a request of this kind and payload as a valid frame."""
        kind, payload = request
        return self.request(kind, sequence, payload, spacing=spacing)

    def broken(self, content: bytes) -> Self:
        """Send bytes without their stop bits."""
        return self._then("broken", content, LINE_SPACING)

    def pause(self, cycles: int) -> Self:
        """Wait for a number of clock cycles."""
        return self._then("pause", cycles)

    def start(self, content: Mapping[int, int]) -> Self:
        """Write bytes into the flash, by their places, and start the board anew."""
        return self._then("start", dict(content))

    def press(self) -> Self:
        """Press the button for some cycles."""
        return self._then("press")

    def hold(self) -> Self:
        """Take no bytes from the board (byte by byte, with `pauses`), until `go_on`."""
        return self._then("hold", True)

    def go_on(self) -> Self:
        """Take bytes again."""
        return self._then("hold", False)

    def answers(self, count: int, *, patience: int = PATIENCE) -> Self:
        """Wait for `count` frames since the start; fail after `patience` cycles without a byte."""
        return self._then("answers", count, patience)

    def stream(self, requests: Iterable[tuple[int, bytes]], first: int, capacity: int) -> Self:
        """Send requests (type, payload), numbered from `first`, as fast as line and capacity allow.

        The answers to all earlier requests must have arrived.
        """
        frames = [
            (encode_frame(kind, (first + i) % 256, payload), REQUEST_OVERHEAD + len(payload))
            for i, (kind, payload) in enumerate(requests)
        ]
        return self._then("stream", frames, capacity)


@dataclass(frozen=True)
class LinkParameters:
    """Parameters of the bench."""

    steps: Sequence[tuple[str, Any]]
    bits: int | None
    pauses: bool
    line: Line


@dataclass(frozen=True)
class LinkOutcome:
    """The board's answers, and what it shows."""

    answers: Sequence[Answer]
    shown: int
    """The class shown in the end, or -1."""


def run_script(
    verilog: str,
    script: Script,
    *,
    bits: int | None = None,
    pauses: bool = False,
    line: Line = Line.UART,
) -> LinkOutcome:
    """Do what a script says, with a LinkedCore, or with `bits` clocks a bit with its line.

    `line` is the kind of this line. With `pauses` the line out pauses at random (bytes only), and
    so does a master of SPI. Raises SimulationError, also where an answer does not come or is no
    frame.
    """
    simulation = Simulation(verilog, LINKED_CORE_TOP if bits is None else SERIAL_CORE_TOP)
    return simulation.run(
        "firstspike.sim.benches.link.bench", LinkParameters(script.steps, bits, pauses, line)
    )


def answers_of(content: bytes, cycles: Sequence[int]) -> list[Answer]:
    """The frames in what came, with the cycles of its bytes. Raises FrameError."""
    answers, begin = [], 0
    for end, byte in enumerate(content):
        if byte == DELIMITER[0]:
            answers.append(Answer(*decode_frame(content[begin:end]), int(cycles[end])))
            begin = end + 1
    return answers
