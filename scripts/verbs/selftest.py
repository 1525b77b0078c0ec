# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike selftest`: tests that a board runs like the golden model."""

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firstspike.boards.building import bitstream
from firstspike.boards.building.motion import LSM6DSO
from firstspike.boards.building.standalone import TALK
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import load_network
from firstspike.golden.foreign.json_text import JsonError
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.link.protocol.formats import BAUD
from firstspike.scripts.board_options import sensor_option
from firstspike.scripts.errors import VerbError
from firstspike.scripts.options import board_option, build_option, port_option, seed_option
from firstspike.scripts.output import json_result, on_command_line, say
from firstspike.scripts.paths import JSON, InputPath, NetworkName, Output, Parameters, Verb, default
from firstspike.scripts.progress import bars

if TYPE_CHECKING:
    from firstspike.boards.building.standalone import StandaloneDesign
    from firstspike.boards.pins.board import Board

REPORT = "report.json"

STANDALONE = {**bitstream.DESIGNED, "link": TALK}
"""Description of the report of a build with a sensor."""


def _build(parameters: Parameters) -> Path | None:
    net, board, sensor = (parameters[name] for name in ("net", "board", "sensor"))
    return bitstream.build_folder(net, board) if net and board and sensor else None


def _written(parameters: Parameters) -> str | None:
    return None if parameters.get("report_path") else REPORT


@click.command(cls=Verb)
@click.argument("net", required=False, type=NetworkName(), metavar="[NET]")
@port_option(
    f"Serial port of the board, and its baud rate if that is neither the board's nor {BAUD}."
)
@board_option("Name of the board, which the report says. It decides the baud rate, too.")
@sensor_option(
    "Test a board that needs no computer, and was built with this --sensor for NET.", LSM6DSO
)
@build_option(
    _build,
    "Folder of the build on the board with a sensor.  [default: build/NET-BOARD if it is such a "
    "build, or what `firstspike build` makes without further options]",
)
@seed_option("the images, the hostile frames and the learning")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=Output(dir_okay=False, begins=JSON),
    callback=default(_written),
    help=f"Write the report to this file.  [default: {REPORT}]",
)
@click.option(
    "--read",
    "report_path",
    metavar="FILE",
    type=InputPath(dir_okay=False, path_type=Path),
    help="Check that a report is complete, and print its content.",
)
def command(
    net: str | None,
    port: str | None,
    board: str | None,
    baud: int | None,
    sensor: str | None,
    build: Path | None,
    seed: int,
    output: str | None,
    report_path: Path | None,
) -> int:
    """Test a board for a minute against the golden model, and write a report.

    The test writes the board's weights and reads them back. The board classifies 1,000 digits over
    the link, and plays the digits that it stores. Then it gets hostile frames for ten seconds. A
    design that learns gets 500 images. NET is the network of the bitstream; if it is one of the
    package, leave NET out.

    With --sensor, the command tests a board that needs no computer, and queries its status. The
    design must be that of the build. Samples must arrive in the right number of clock cycles. Of
    the samples of a microphone, none may be lost or at the end of its range, and not all may be
    silent.

    The report has versions, the design, the seed and the figures, but nothing about you or your
    computer. Exit status 1 means that a stage has failed; the output and the report name it.

    Example: firstspike selftest --port /dev/ttyUSB1 --board icebreaker
    """
    from firstspike.scripts.selftest.report import page, read_report, report_of

    if report_path is not None:
        if on_command_line("net", "port", "board", "sensor", "build", "seed", "output"):
            raise click.UsageError("--read goes with no other option: leave them out.")
        with convert_errors(VerbError, f"{report_path} is no whole report: ", JsonError, after="."):
            report = read_report(report_path)
    elif port is None:
        raise click.UsageError("Give --port, the board's serial port, or --read a report.")
    elif sensor is not None:
        if board is None or net is None or baud is not None or on_command_line("seed"):
            raise click.UsageError(
                "--sensor needs NET and --board, and goes with neither a baud rate nor --seed."
            )
        with json_result(output) as write:
            assert build is not None  # see `_build`
            report = _sensing_report(_built(net, BOARDS[board], sensor, build), port, sensor)
            write(report)
    elif build is not None:
        raise click.UsageError("--build goes with --sensor.")
    else:
        from firstspike.boards.client import BoardClient
        from firstspike.scripts.selftest.stages import Selftest, network_of

        rate = baud or (BOARDS[board].baud if board else BAUD)
        with json_result(output) as write:
            with BoardClient.open(port, rate) as client:
                identity = client.identity
                network = load_network(net) if net else network_of(identity)
                if network is None:
                    raise VerbError(
                        f"the board was built for the network {identity.network.hex()[:12]}, which "
                        "does not come with the package: name its file as NET."
                    )
                client.check(network)
            stages = Selftest(network, port, rate, seed, bars()).stages()
            report = report_of(identity, board, seed, stages)
            write(report)
    say(page(report))
    return int(not report["passed"])


def _built(net: str, board: "Board", sensor: str, folder: Path) -> "StandaloneDesign":
    """Return the design of the build in a folder; without one there, the default design.

    Raises VerbError if --build names a folder without such a build.
    """
    from firstspike.boards.building.sensors import sensing_design

    network = load_network(net)
    shape, hz = CoreShape(), None
    with suppress(OSError, JsonError):
        report = bitstream.read_report(folder, STANDALONE)
        if (report["board"], report["network"]) == (board.name, network.digest()):
            if report["stored_bits"] is not None:
                raise VerbError(
                    f"{folder} holds a build with --teach, whose references are unknown here: "
                    "read the status of the board in a terminal, by `?`."
                )
            shape, hz = bitstream.shape_of(report), report["clock"]
    if hz is None and on_command_line("build"):
        raise VerbError(
            f"{folder} holds no build of {net} with a sensor for the {board.title}: name the "
            "folder of `firstspike build --sensor`."
        )
    return sensing_design(network, board, shape, hz, sensor)


def _sensing_report(design: "StandaloneDesign", port: str, sensor: str) -> dict[str, Any]:
    """Test a standalone board, and return the report."""
    from firstspike.boards.client.channel import SerialPort
    from firstspike.hdl.link.protocol.identity import DesignProperties, identity_of
    from firstspike.hdl.standalone.core import BAUD
    from firstspike.scripts.selftest.report import report_of
    from firstspike.scripts.selftest.sensing import SensingSelftest

    with closing(SerialPort(port, BAUD)) as channel:
        selftest = SensingSelftest(design, channel, bars())
        stages = selftest.stages()
    # A standalone core has no link, and so no capacity.
    properties = DesignProperties(clock_hz=design.hz, build=selftest.identity, ring_bytes=1)
    identity = identity_of(design.config, design.network, properties)
    return report_of(identity, design.board.name, 1, stages, sensor)
