# SPDX-License-Identifier: BSD-2-Clause
"""A board with a microphone, simulated from power-up on: its RTL, or its synthesised netlist.

    WAV -> samples -> bits -> desk.v: microphone, board, flash, line of text -> text

The other side of this file is `desk_bench`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from firstspike.golden import Network, Results, encode, infer
from firstspike.golden.front_ends import sound_of
from firstspike.golden.reporting import is_reported
from firstspike.golden.sound.i2s import I2sMicrophone
from firstspike.golden.sound.microphone import Microphone
from firstspike.hdl.standalone.core import StandaloneCore
from firstspike.hdl.standalone.texts import decision_line, decision_text
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.verilog import verilog_of

from .around import TOP, Sensed, rtl_verilog, startup_text
from .tape import CHUNK, Tape, chunks_of

BENCH = "firstspike.sim.benches.standalone.desk_bench"

SILENCE = 0.05
"""Seconds of silence at the end, in which the last word is decided and said."""

_PORTS = f"""
    input chunks__valid,  // bits for the microphone
    output chunks__ready,
    input [{CHUNK - 1}:0] chunks__payload"""

_TAPE = """
    wire microphone_clock, microphone_data;
    tape tape (
        .clk(clk), .rst(rst), .clock(microphone_clock), .data(microphone_data),
        .chunks__valid(chunks__valid), .chunks__ready(chunks__ready),
        .chunks__payload(chunks__payload)
    );"""

_JOINED = ".microphone_clock(microphone_clock), .microphone_data(microphone_data)"


@dataclass(frozen=True)
class DeskParameters:
    """Parameters of the bench."""

    flash: Mapping[int, int]
    """Bytes by their addresses."""
    chunks: list[int]
    """Bits of the microphone, the first one lowest."""
    requests: Mapping[int, bytes]
    """Bytes for the board, by the number of the chunk behind which they are sent."""
    text: str | None
    """Path of a file that gets the text as it comes."""
    terminal: bytes | None
    """Address of the Terminal; the simulation ends when that is closed."""


class Desk:
    """A compiled simulation of a board on a desk.

    Parameters: the desk's `verilog`, such as that of `rtl_verilog`; the board's
    `network` and its `microphone`; `flashed` if the board reads its weights from the flash. Raises
    SimulationError.
    """

    def __init__(
        self,
        verilog: str,
        network: Network,
        microphone: Microphone,
        *,
        netlist: bool,
        flashed: bool = True,
    ) -> None:
        self._network, self._flashed = network, flashed
        self.microphone = microphone
        self._simulation = Simulation(verilog, TOP, netlist=netlist)

    @classmethod
    def of_core(
        cls,
        make: Callable[[], StandaloneCore],
        identity: bytes,
        network: Network,
        microphone: Microphone,
        clock_hz: int,
        flashed: bool = True,
    ) -> "Desk":
        """Return the desk with a design, which `make` makes if it is not known by its identity."""
        verilog = rtl_verilog(tape_of(microphone), make, identity, clock_hz, flashed)
        return cls(verilog, network, microphone, netlist=False, flashed=flashed)

    @property
    def rate(self) -> int:
        """Samples per second that the board hears."""
        return sound_of(self._network).rate

    def _bits(self, x: np.ndarray) -> np.ndarray:
        """Return the microphone's bits of samples, and of the silence at the end."""
        front = sound_of(self._network)
        silence = np.zeros(front.window * front.slot + round(SILENCE * front.rate), np.int16)
        return self.microphone.bits(np.concatenate([x, silence]))

    def received_samples(self, x: np.ndarray) -> np.ndarray:
        """Return the samples int16 [m] that the board gets of samples x, as golden says."""
        return self.microphone.samples(self._bits(x))

    def run(
        self,
        x: np.ndarray,
        image: bytes = b"",
        flash_address: int = 0,
        text: str | None = None,
        progress: Callable[[float, float], None] | None = None,
        requests: Mapping[int, bytes] = MappingProxyType({}),
        terminal: bytes | None = None,
    ) -> bytes:
        """Let the board hear samples int16 [n], with an image in its flash; returns its text.

        `requests` are bytes that the board gets on its line, by the number of the chunk of the
        microphone's bits behind which they are sent. They must all be sent before the next ones.
        `terminal` is the address of a Terminal of which the board's UART is the other end.
        `progress` gets the seconds of sound that were played, and all of them, now and then.
        """
        bits = self._bits(x)
        parameters = DeskParameters(
            flash={flash_address + number: byte for number, byte in enumerate(image)},
            chunks=chunks_of(bits[: len(bits) // CHUNK * CHUNK]),
            requests=dict(requests),
            text=text,
            terminal=terminal,
        )
        each = CHUNK / (self.rate * self.microphone.bits_per_sample)  # seconds
        total = each * len(parameters.chunks)
        played = None if progress is None else lambda chunks: progress(each * chunks, total)
        return self._simulation.run(BENCH, parameters, progress=played)

    def expected(self, x: np.ndarray) -> bytes:
        """Return the lines that the design should send for samples, by golden."""
        network, front = self._network, self.microphone.hears(sound_of(self._network))
        levels = front.levels(self.received_samples(x))
        words = [word for word in front.words(levels) if word.slot * front.slot < len(x)]
        begin = startup_text(self._flashed)
        if not words:
            return begin
        pixels = np.array([front.picture(levels, word).ravel() for word in words])
        results = infer(network, encode(network, pixels))
        reported = is_reported(network, results, np.array([word.isolated for word in words]))
        return begin + b"".join(lines_of(network, results, reported))


def tape_of(microphone: Microphone) -> Sensed:
    """Return a tape that plays the bits of a microphone."""
    # It counts bits, and needs no frames.
    select = ", .microphone_select()" if isinstance(microphone, I2sMicrophone) else ""
    return Sensed(_PORTS, _TAPE, _JOINED + select, verilog_of(Tape(), "tape"))


def lines_of(network: Network, results: Results, reported: np.ndarray) -> Iterator[bytes]:
    """Yield the line of each reported decision; `reported` is bool [n]."""
    for number in np.flatnonzero(reported):
        name = network.class_name(int(results.decision[number]))
        yield decision_line(decision_text(name, network.deadline), int(results.tick[number]))
