# SPDX-License-Identifier: BSD-2-Clause
"""Simulates a board through its pins: the netlist of one of its stages, in Yosys' JSON.

    netlist.json --Yosys--> Verilog, bit by bit      cells.py: models of its cells
                                  |                            |
    bytes <-> netlist_bench.v <-> pins: clock, line, buttons   debug wires -> spike log

The bench (`bench`) is the host: it loads the weights where they are not in the bitstream,
sends images, and takes the decisions.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np

from firstspike.golden import Network, Results
from firstspike.golden.foreign.json_text import JsonError, check_json, read_json
from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import log_layout
from firstspike.hdl.flow.steps import step
from firstspike.hdl.flow.toolchain import run_yosys
from firstspike.hdl.flow.wrapping import filled
from firstspike.hdl.lib.layouts import fields
from firstspike.hdl.link.linked_core import kept_wire
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    CHECKSUM_FORMAT,
    FrameError,
    Identity,
    IdentityFlag,
    Request,
)
from firstspike.hdl.link.protocol.identity import DesignProperties, identity_of
from firstspike.hdl.link.protocol.lines import Line
from firstspike.hdl.link.protocol.messages import (
    Counts,
    counts_of,
    decision_bytes,
    image_request,
    play_payload,
    results_of,
    store_payloads,
    weight_bytes,
    weight_writes,
)
from firstspike.sim.benches.core.outcome import spike_logs
from firstspike.sim.benches.flash.model import BOARD_BITS, WAKING, flash_verilog
from firstspike.sim.benches.link.playing import most_cycles
from firstspike.sim.benches.link.script import Answer, answers_of
from firstspike.sim.harness.runner import Simulation, SimulationError

from .cells import cell_models

TOP = "netlist_bench"
BENCH = "firstspike.sim.benches.netlist.bench"

WRITE_BYTES = 1024
"""Most bytes of weights in one request."""

FLASH_REST = round(WAKING * 27e6)
"""Clock cycles that the flash takes to wake, at the clock of most boards that read it."""

PATIENCE = 300_000
"""Cycles without a byte, more than any image takes."""


HOST_WIRES = {
    Line.UART: ("to_board", "from_board"),
    Line.SPI: ("sck", "mosi", "cs_n", "miso"),
}
"""The last ports of `uart_host.v` and `spi_host.v`, the host's ends of the lines."""

FLASH_WIRES = ("cs_n", "sck", "mosi", "miso")
"""The wires to the flash."""

_FLASH = """
    wire @wires;
    spi_flash #(.BITS(@bits), .REST(@rest)) flash (
        clk, filled__valid, filled__address, filled__data, ~flash_cs_n, flash_sck, flash_mosi,
        flash_miso, 1'b0,
    );"""

FLASH_CLOCK = "configuration_flash_clock"
"""The pin that the netlist of an ECP5 gets for the clock of its configuration flash."""

NAME = "netlist"
"""Name of the netlist's module."""

_WRITTEN = {
    "modules": {
        str: {
            "attributes": {"top?": str},
            "ports": {str: {"direction": str, "bits": list}},
            "netnames": {str: {"bits": list, "attributes": {}}},
            "cells": {str: {"type": str, "connections": {str: list}}},
        }
    }
}
"""The parts of a netlist of Yosys that this module reads."""


class NetlistError(SimulationError):
    """A netlist does not work as the board; the message says what it does."""


@dataclass(frozen=True, kw_only=True)
class NetlistParameters:
    """Parameters of the bench."""

    weight_bits: int
    flash: Mapping[int, int]
    """Bytes of the flash, by their places."""
    writes: Sequence[bytes]
    """Payloads that write all weights, for a board that says it has none."""
    images: Sequence[tuple[int, bytes]]
    """Requests (type, payload)."""
    patience: int
    """Clock cycles without a byte, more than any of them takes."""
    hidden: int
    """Layers whose spikes are logged."""


@dataclass(frozen=True)
class NetlistOutcome:
    """The bytes that the board has sent."""

    content: bytes
    cycles: Sequence[int]
    """Clock cycle of each byte."""
    logs: Sequence[np.ndarray]
    """Per hidden layer its spikes: (image, payload), int64 [k, 2]."""


@dataclass(frozen=True)
class Pins:
    """The pins of the netlist that the bench drives or reads; each is one bit wide."""

    clock: str
    line: Line
    wires: Mapping[str, str]
    """The pin of each of the line's wires in `HOST_WIRES`."""
    rests: Mapping[str, int]
    """Levels of the pins that the bench holds constant, such as buttons."""
    flash: Mapping[str, str]
    """The pin of each of the wires in `FLASH_WIRES`; none where the design does not read it."""


class Netlist:
    """A netlist as Yosys writes it, in JSON.

    Parameters
    ----------
    content : the text.
    family : name of the FPGA's family.
    stage : what the netlist is or was made from, for messages.

    Raises
    ------
    NetlistError : Yosys did not write the text.
    """

    def __init__(self, content: bytes, family: str, stage: str = "synthesised netlist") -> None:
        self.family, self.stage = family, stage
        try:
            self._design = read_json(content)
            check_json(self._design, _WRITTEN, "it")
        except JsonError as error:
            raise NetlistError(f"the {stage} was not written by Yosys: {error}.") from None
        modules = self._design["modules"]
        tops = [name for name, one in modules.items() if "1" in one["attributes"].get("top", "")]
        if len(tops) != 1:
            raise NetlistError(f"the {stage} has {len(tops)} top modules: build it anew.")
        # Its name goes into no command: it may be anything.
        self._top = modules[NAME] = modules.pop(tops[0])
        self._show_flash_clock()

    def _show_flash_clock(self) -> None:
        """Replace the cell through which an ECP5 clocks its configuration flash by a pin."""
        cells = self._top["cells"]
        for name in [name for name, cell in cells.items() if cell["type"] == "USRMCLK"]:
            bits = cells.pop(name)["connections"]["USRMCLKI"]
            self._top["ports"][FLASH_CLOCK] = {"direction": "output", "bits": bits}

    @property
    def pins(self) -> list[str]:
        """The names of its pins."""
        return list(self._top["ports"])

    def wire_bits(self, wire: str) -> list[str]:
        """A wire that is kept, bit by bit from the lowest, as seen from the bench's top."""
        net = self._top["netnames"].get(wire)
        if net is None or "keep" not in net["attributes"] or not net["bits"]:
            raise NetlistError(f"the {self.stage} has not kept {wire}: build it anew.")
        width = len(net["bits"])
        return [f"board.\\{wire}{f'[{bit}]' if width > 1 else ''} " for bit in range(width)]

    def verilog(self) -> str:
        """Its cells and wires in Verilog, the top module called `NAME`.

        Every wire is one bit: simulators would see loops through the bits of a vector. Its pins are
        inouts, as are the pins of the connected cells.
        """
        for port in self._top["ports"].values():
            port["direction"] = "inout"
        with (
            step(f"{self.stage}: Verilog by Yosys"),
            temporary_folder() as folder,
        ):
            (folder / "netlist.json").write_text(json.dumps(self._design))
            run_yosys(
                folder,
                [
                    "read_json netlist.json",
                    "splitnets -ports",
                    "write_verilog -noattr netlist.v",
                ],
            )
            return (folder / "netlist.v").read_text()


def bench_verilog(netlist: Netlist, pins: Pins, config: CoreConfig, clocks: int) -> str:
    """Verilog of the netlist, its cells and the host's end of the line, at `clocks` a bit.

    Raises NetlistError where the spike logs of `config` are not in it.
    """
    ports, taps = [], []
    for layer in range(len(config.layers) - 1):
        names = [name for name, _, _ in fields(log_layout(config, layer))]
        spike = [bit for name in names for bit in netlist.wire_bits(kept_wire(layer, name))]
        valid, *_ = netlist.wire_bits(kept_wire(layer, "valid"))
        ports += [f"output log_{layer}__valid", f"output [{len(spike) - 1}:0] log_{layer}__spike"]
        taps += [
            f"    assign log_{layer}__valid = {valid};",
            f"    assign log_{layer}__spike = {{{', '.join(reversed(spike))}}};",
        ]
    wired = {pins.clock: "clock"} | {pins.wires[wire]: wire for wire in HOST_WIRES[pins.line]}
    wired |= {name: f"rest_{level}" for name, level in pins.rests.items()}
    wired |= {pin: f"flash_{wire}" for wire, pin in pins.flash.items()}
    flash, model = "", ""
    if pins.flash:
        ports += ["input filled__valid", "input [23:0] filled__address", "input [7:0] filled__data"]
        wires = ", ".join(f"flash_{wire}" for wire in FLASH_WIRES)
        flash = filled(_FLASH, wires=wires, bits=BOARD_BITS, rest=FLASH_REST)
        model = flash_verilog()
    top = filled(
        files(__package__).joinpath("netlist_bench.v").read_text(),
        ports="".join(f",\n    {port}" for port in ports),
        clocks=clocks,
        flash=flash,
        wires=", ".join(HOST_WIRES[pins.line]),
        connections=", ".join(f".\\{name} ({wire})" for name, wire in wired.items()),
        taps="\n".join(taps),
    )
    host = files(__package__).joinpath(f"{pins.line.value}_host.v").read_text()
    return "\n".join([top, host, model, netlist.verilog(), cell_models(netlist.family)])


class NetlistBoard:
    """A simulated board, given as its netlist, and a host at the other end of its line.

    Parameters
    ----------
    network : the one the board was built for.
    config : of its core, which has only the connected inputs.
    clocks : the clock cycles that a bit takes on the line; of SPI the fewest.
    flash : place and content of what is in the flash besides the bitstream, for pins that have one.

    The host writes the weights first, where the board says that it has none. The methods raise
    NetlistError where the board hangs, is another one, or holds other weights.

    Raises
    ------
    NetlistError : the netlist lacks a spike log of `config`.
    SimulationError : it does not compile.
    """

    def __init__(
        self,
        netlist: Netlist,
        pins: Pins,
        network: Network,
        config: CoreConfig,
        clocks: int,
        flash: tuple[int, bytes] = (0, b""),
    ) -> None:
        verilog = bench_verilog(netlist, pins, config, clocks)
        self._simulation = Simulation(verilog, TOP, netlist=True)
        self._network, self._config, self._stage = network, config, netlist.stage
        address, content = flash
        self._flash = {address + number: byte for number, byte in enumerate(content)}

    def classify(self, ticks: np.ndarray, progress: Callable[[int], None] | None = None) -> Results:
        """Classify images int32 [n, n_rows] as from `encode`.

        The cycles of images that go as events depend on the line. `progress` receives the
        number of images that are done.
        """
        config = self._config
        requests = [image_request(config, one) for one in ticks]
        decisions, logs = self._ask(requests, hidden=len(config.layers) - 1, progress=progress)
        _check_decisions(config, decisions)
        for layer, log in enumerate(logs):
            if log[:, 0].max(initial=0) >= len(ticks):
                raise NetlistError(
                    f"the {self._stage} logs a spike in layer {layer} after the last image."
                )
        results = results_of(config, [answer.payload for answer in decisions])
        return replace(results, logs=spike_logs(config, logs, results.tick))

    def play(self, ticks: np.ndarray, expected: Results, rounds: int) -> Counts:
        """Store images on the board, let it decide them `rounds` times, and return its counts.

        `expected` has the decisions that they should get, and the cycles that each takes.
        """
        requests = [(Request.STORE, payload) for payload in store_payloads(ticks, expected)]
        requests.append((Request.PLAY, play_payload(len(ticks), rounds)))
        answers, _ = self._ask(requests, patience=PATIENCE + most_cycles(expected, rounds))
        for answer, (request, _) in zip(answers, requests, strict=True):
            if answer.kind != request + ANSWER:
                raise NetlistError(f"{request.name} was answered by type {answer.kind:#x}.")
        return counts_of(answers[-1].payload)

    def _ask(
        self,
        requests: Sequence[tuple[Request, bytes]],
        *,
        hidden: int = 0,
        patience: int = PATIENCE,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Sequence[Answer], Sequence[np.ndarray]]:
        """The answers to requests, once the board is known to be the right one, and spike logs."""
        words = weight_bytes(self._config, self._network)
        parameters = NetlistParameters(
            weight_bits=8 * sum(map(len, words)),
            flash=self._flash,
            writes=list(weight_writes(self._config, words, WRITE_BYTES)),
            images=requests,
            patience=patience,
            hidden=hidden,
        )
        try:
            outcome = self._simulation.run(BENCH, parameters, progress=progress)
            greeting, *answers = answers_of(outcome.content, outcome.cycles)
        except (SimulationError, FrameError) as error:
            message, *_ = (
                str(error).removeprefix(f"{BENCH}.netlist: ").split("\n")
            )  # and a traceback
            raise NetlistError(
                f"the {self._stage} is no working board: {message}. Compare the stages before it "
                "(--target rtl, netlist, routed) to see which is the first that does not work."
            ) from None
        _check_board(self._stage, greeting, answers, self._network, self._config, words)
        _check_sequence(self._stage, [greeting, *answers])
        return answers[len(answers) - len(requests) :], outcome.logs


def _check_board(
    stage: str,
    greeting: Answer,
    answers: Sequence[Answer],
    network: Network,
    config: CoreConfig,
    words: Sequence[bytes],
) -> None:
    """Raise NetlistError if the netlist of a `stage` is another board than we think."""
    try:
        identity = Identity.from_bytes(greeting.payload[1:])
    except ValueError as error:
        raise NetlistError(f"the {stage} is another board's: it tells {error}.") from None
    expected = identity_of(
        config,
        network,
        DesignProperties(
            clock_hz=identity.clock,
            build=identity.build,
            loaded=identity.has(IdentityFlag.NEEDS_WEIGHTS),
            ring_bytes=identity.capacity + 1,
            bench_images=identity.bench_images,
        ),
    )
    if identity != expected:
        raise NetlistError(
            f"the {stage} is another board's: it says of itself {identity}, but should "
            f"say {expected}."
        )
    checksum = CHECKSUM_FORMAT.pack(zlib.crc32(b"".join(words)))
    for answer in answers:
        if answer.kind == Request.CHECKSUM + ANSWER and answer.payload != checksum:
            raise NetlistError(f"the {stage} holds other weights than the network's.")


def _check_sequence(stage: str, answers: Sequence[Answer]) -> None:
    """Raise NetlistError where an answer is not that to the request of its number."""
    for number, answer in enumerate(answers):
        if answer.sequence != number % 256:
            raise NetlistError(
                f"the {stage} answers request {number} by type {answer.kind:#x} with the sequence "
                f"number {answer.sequence}, but it should be {number % 256}."
            )


def _check_decisions(config: CoreConfig, answers: Sequence[Answer]) -> None:
    """Raise NetlistError where an image was not answered by a decision."""
    for answer in answers:
        if answer.kind not in (Request.INPUTS + ANSWER, Request.EVENTS + ANSWER):
            raise NetlistError(f"an image was answered by type {answer.kind:#x}, no decision.")
        if len(answer.payload) != decision_bytes(config):
            raise NetlistError(f"a decision came in {len(answer.payload)} bytes.")
