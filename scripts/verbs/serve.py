# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike serve`: simulates a board behind a pseudo-terminal."""

import os
import re
import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network, load_network
from firstspike.golden.data.sets import PIXELS
from firstspike.golden.foreign.printable import printable
from firstspike.golden.learning.state import held_weights
from firstspike.golden.system.files import naming
from firstspike.golden.system.temporary import BusyError, reserved_folder
from firstspike.golden.timing.shape import CoreShape
from firstspike.scripts.board_options import bench_option, sensor_option, teach_option
from firstspike.scripts.errors import VerbError
from firstspike.scripts.inputs import InputCommand, Kind, input_option, kind_of
from firstspike.scripts.interrupts import ending_signals
from firstspike.scripts.options import (
    board_option,
    design_options,
    take_record,
    weights_option,
)
from firstspike.scripts.output import counted, note, on_command_line, say
from firstspike.scripts.paths import NetworkName, Output
from firstspike.scripts.progress import bars

if TYPE_CHECKING:
    from firstspike.boards.building.sound import SoundDesign


@click.command(cls=InputCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@design_options
@weights_option
@teach_option
@bench_option
@click.option(
    "--symlink",
    type=Output(path_type=Path),
    metavar="PATH",
    help="Make a symbolic link of this name to the port. The system chooses the port's own name.",
)
@board_option("Board that hears the recording of --input.", senses=True)
@input_option(
    help="Play these recordings to the microphone of a board that needs no computer: WAV or FLAC.",
)
@sensor_option("Microphone of this board.", default="pdm", show_default=True)
def command(
    net: str,
    symlink: Path | None,
    board: str | None,
    input_files: tuple[str, ...],
    sensor: str,
    **design: Any,
) -> None:
    """Simulate a board with NET: the design, link included, behind a pseudo-terminal.

    The command prints the name of the port, and serves until Ctrl-C or SIGTERM. Any program that
    implements the link (docs/link.md) can use the port, at any baud rate.

    With --input, the command simulates a board that needs no computer, as `firstspike build
    --sensor` makes it. The board receives the recordings through its microphone, one after another
    with silence between them. The command prints the text of the board, and ends. It takes about a
    minute per second of sound or silence, and two minutes more. The port carries the bytes of the
    board's UART. The name of the port goes to standard error, on a terminal also a progress bar.
    With --teach the board learns words: write to the port what docs/standalone.md tells you to
    type.

    Example: firstspike serve mnist-4bit --lanes 64 --symlink /tmp/board
    """
    if (board is None) != (not input_files):
        raise click.UsageError("--board and --input go together.")
    heard = {"lanes", "window", "stored_bits"}
    if input_files and on_command_line("rows", "overlap", *design.keys() - heard):
        raise click.UsageError(
            "--input goes with --board, --sensor, --lanes, --window, --teach and --symlink alone."
        )
    if input_files and kind_of(input_files) is not Kind.RECORDINGS:
        raise click.UsageError("--input takes recordings here: WAV or FLAC.")
    if on_command_line("sensor") and not input_files:
        raise click.UsageError("--sensor goes with --input.")
    network = load_network(net)
    for ending in ending_signals():
        signal.signal(ending, _end)
    try:
        from firstspike.boards.building.sound import SoundDesign
        from firstspike.scripts.teaching import teachable_design
        from firstspike.sim.benches.link.virtual import VirtualBoard
        from firstspike.sim.harness.runner import check_tools

        check_tools()
        if input_files:
            shape = take_record(CoreShape, design)
            make = SoundDesign.of_sound if design["stored_bits"] is None else teachable_design
            _hear(make(network, BOARDS[str(board)], shape, None, sensor), input_files, symlink)
            return
        with (
            _linked(symlink) as point,
            VirtualBoard(
                board_verilog(network, take_record(CoreShape, design), **design)
            ) as virtual,
        ):
            point(virtual.port)
            say(virtual.port)
            name = symlink or virtual.port
            words = ["run", net, "--target", "board", "--port", str(name)]
            data = "" if network.n_features == PIXELS else " --dataset FILE"
            note(f"For example: firstspike {shlex.join(words)}{data}")
            virtual.wait()
    except KeyboardInterrupt:
        note("Ended.")


def _hear(design: "SoundDesign", files: Sequence[str], symlink: Path | None) -> None:
    """Let a board hear recordings, and print its output immediately."""
    from firstspike.golden.data.wav import read_wav
    from firstspike.golden.front_ends import sound_of
    from firstspike.sim.benches.standalone.desk import Desk
    from firstspike.sim.harness.terminal import VirtualPort

    network = design.network
    sound = sound_of(network)
    x = sound.joined([read_wav(file, sound.rate) for file in files])
    address, image = design.in_flash or (0, b"")
    identity = design.build_hash
    make, microphone = partial(design.core, identity), design.microphone
    desk = Desk.of_core(make, identity, network, microphone, design.hz, design.has_flash)
    run = partial(desk.run, progress=partial(bars(), "seconds of sound"))
    with (
        _linked(symlink) as point,
        _printed() as text,
        VirtualPort(lambda terminal: run(x, image, address, text, terminal=terminal)) as virtual,
    ):
        point(virtual.port)
        note(f"The UART of the board is {virtual.port}.")
        seconds = f"{len(x) / sound.rate:.1f} s of sound"
        note(f"The board hears {counted(len(files), 'recording')}, {seconds}.")
        virtual.wait()


@contextmanager
def _printed() -> Iterator[str]:
    """Yield the path of a file whose content is printed line by line."""
    read_end, write_end = os.pipe()
    printing = Thread(target=_print, args=(read_end,))
    printing.start()
    try:
        yield f"/proc/{os.getpid()}/fd/{write_end}"
    finally:
        os.close(write_end)
        printing.join()


def _print(read_end: int) -> None:
    """Print the output of a pipe, line by line, above the progress bar."""
    from tqdm import tqdm  # slow import

    with open(read_end, encoding="utf-8", errors="replace", newline="") as lines:
        for line in lines:
            with tqdm.external_write_mode():
                click.echo(printable(line.rstrip("\r\n")))


def _end(*_: Any) -> None:
    """End as by Ctrl-C; a second signal does not disturb the end."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: None)
    raise KeyboardInterrupt


def board_verilog(
    network: Network,
    shape: CoreShape,
    embedded: bool = True,
    stored_bits: int | None = None,
    bench_images: int = 0,
) -> str:
    """Return the Verilog of a board's design for the network, without pins and UART.

    Raises NetworkError.
    """
    from firstspike.hdl.link.protocol.identity import linked_config
    from firstspike.sim.benches.link.script import linked_core_verilog

    config = linked_config(network, shape, any_weights=not embedded, stored_bits=stored_bits)
    weights = held_weights(network, stored_bits) if embedded else None
    return linked_core_verilog(config, network, weights=weights, bench_images=bench_images)


@contextmanager
def _linked(link: Path | None) -> Iterator[Callable[[str], None]]:
    """Create a symbolic link, and yield a function that points it to the port.

    Only an existing link to a port that no longer exists is replaced: that of a killed board. Other
    files that replace the link meanwhile are kept. Raises `VerbError` if another board has the
    link.
    """
    if link is None:
        yield lambda port: None
        return
    ours = None

    def remove(target: str | None) -> None:
        with suppress(OSError):  # not a link, or missing
            if target is not None and os.readlink(link) == target:
                link.unlink()

    def point(to: str) -> None:
        nonlocal ours
        remove(ours)
        with naming(link):
            link.symlink_to(to)
        ours = to

    with ExitStack() as stack:
        try:
            with naming(link):
                stack.enter_context(reserved_folder(link.with_name(f".{link.name}.serving"), link))
        except BusyError:
            raise VerbError(
                f"{link} is the link of another board: end that one, or name another link."
            ) from None
        if link.is_symlink() and not link.exists():
            target = os.readlink(link)
            remove(target if target == _NO_PORT or re.fullmatch(_PORT, target) else None)
        stack.callback(lambda: remove(ours))
        point(_NO_PORT)
        yield point


_NO_PORT = "no port yet"
"""Target of the link before the board is ready."""

_PORT = "/dev/pts/[0-9]+"
"""Name of a pseudo-terminal."""
