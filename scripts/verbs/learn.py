# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike learn`: learns image by image with the rule of the chip, and adapts to changes."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import click
from tqdm import tqdm

from firstspike.golden import CoreShape, Network, NetworkError, load_network
from firstspike.golden.foreign.printable import printable
from firstspike.golden.learning.course import ANNEALING
from firstspike.golden.system.files import replacing
from firstspike.golden.timing.folding import DEFAULT_LANES
from firstspike.scripts.datasets import (
    Data,
    columns_of,
    data_option,
    dataset_options,
    ground_in,
    missing_option,
    tell_features,
)
from firstspike.scripts.learning.report import rates, report, result_of
from firstspike.scripts.learning.session import Session, begun, check_new, resumed, state_path
from firstspike.scripts.options import (
    Number,
    Sizes,
    lanes_option,
    number_option,
    port_options,
    resumable_options,
    seed_option,
    target_option,
)
from firstspike.scripts.output import (
    command_line,
    drawing,
    given,
    json_result,
    say,
)
from firstspike.scripts.places import NetworkName, Verb
from firstspike.scripts.progress import bars, compilation_on
from firstspike.scripts.selection import ALL, WHICH, images_option
from firstspike.scripts.targets import TARGETS, opened, target_class
from firstspike.scripts.targets.target import Target

SAVED_EVERY = 5
"""Seconds between two saves of the state."""

SHOWN = 10
"""Number of last parts for the figures of the progress bar."""


class Relabelling(click.ParamType):
    """Classes to relabel, written 3:8,8:3."""

    name = "classes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Split the value at the commas and colons, into pairs."""
        if not re.fullmatch("[0-9]:[0-9](,[0-9]:[0-9])*", value):
            self.fail(f"{value!r} is not OLD:NEW,... with classes from 0 to 9, such as 3:8,8:3.")
        pairs = [list(map(int, pair.split(":"))) for pair in value.split(",")]
        if len({old for old, _ in pairs}) < len(pairs):
            self.fail(f"{value!r} gives a class two new names.")
        return pairs


@click.command(cls=Verb)
@click.argument("net", required=False, type=NetworkName(state_path), metavar="[NET]")
@click.option(
    "--random",
    type=Sizes(),
    metavar="HIDDEN",
    help="Begin with random weights, and hidden layers of these sizes.",
)
@number_option(
    "--inputs",
    help="Connect only the N inputs that are bright most often, with --random.  [default: all]",
)
@dataset_options()
@data_option
@missing_option
@images_option(help=f"Learn N training images: {WHICH}.  [default: all]")
@number_option("--epochs", default=10, help="Learn each image N times.")
@click.option(
    "--shift",
    type=click.IntRange(0, 1),
    metavar="PIXELS",
    default=0,
    help="Move every image at random by up to PIXELS pixels.",
)
@click.option(
    "--stored-bits",
    type=click.Choice([str(bits) for bits in ANNEALING]),
    callback=lambda ctx, parameter, bits: bits and int(bits),
    help="Bits of a stored weight; inference uses the top 8.  [default: those of NET, or 8]",
)
@click.option(
    "--competitors",
    type=click.Choice(["1", "all"]),
    default="1",
    help="Let one output inside the margin fire later, or all of them.",
)
@click.option(
    "--exact",
    is_flag=True,
    help="Correct hidden neurons by the output weights, not by their signs.",
)
@click.option(
    "--relabel",
    type=Relabelling(),
    metavar="OLD:NEW,...",
    help="Change the labels: OLD becomes NEW.",
)
@click.option(
    "--kill",
    type=Number(0, 1),
    metavar="FRACTION",
    help="Kill this share of the hidden neurons first.",
)
@target_option(
    TARGETS,
    "Learn on this: the golden model, the simulated core, or a board. The last two are compared "
    "with the first.",
)
@lanes_option(
    f"with --target rtl {DEFAULT_LANES}",
    "Count the clock cycles of a core whose layers have min(P, its neurons) lanes each",
)
@port_options
@seed_option("the weights, the order of the images, and the draws")
@resumable_options(
    "the learning curve and receptive fields", lambda output, _: (output, state_path(output))
)
def command(
    data: str | None,
    target: str,
    plot_path: str | None,
    output: str,
    json_path: str | None,
    **run: Any,
) -> int:
    """Learn a data set image by image, in integers, as the chip does, and write the network.

    It begins with NET or with random weights; --relabel and --kill change the world of a trained
    NET. The state (stored weights, generator, position) is kept beside the network, for NET.npz in
    NET.state.npz, and --resume continues from there bit for bit. Ctrl-C, or SIGTERM, saves and
    ends; --fresh discards an interrupted run and begins anew. The test images are looked at once,
    at the end. With --target rtl or board the exit status is 1 if any weight, decision or clock
    cycle of the hardware differs from the golden model's.

    Example: firstspike learn --random 600 --epochs 10 -o learned.npz
    """
    resume, fresh = run.pop("resume"), run.pop("fresh")
    hardware = {name: run.pop(name) for name in ("lanes", "port", "baud")}
    _check(resume, run)
    if Path(output).exists() and not Path(output).is_file():
        raise click.UsageError(f"{output!r} is no ordinary file: the state is kept beside it.")
    if run["exact"] and (target != "golden" or hardware["lanes"]):
        raise click.UsageError(
            "--exact runs only on the golden model: leave out --target and --lanes."
        )
    target_class(target).check(target, hardware)
    if not resume:  # before the data are read or downloaded
        n_layers = len(run["random"] or ()) + 1
        if not run["random"]:
            network = load_network(run["net"])
            network.check_dense("learning image by image")
            n_layers = network.n_layers
        CoreShape(hardware["lanes"]).check_layers(n_layers)
    if not (resume or fresh):
        check_new(output)
    run |= {"command": command_line()}
    if run["images"] == ALL:
        run["images"] = None
    with replacing(output) as file, json_result(json_path) as write, drawing(plot_path) as draw:
        session = resumed(output, data) if resume else begun(run, data)
        tell_features(session.images)
        before = session.state.done
        with opened(target, output, session.state.network, hardware, bars()) as learner:
            seconds = _learn(session, learner, output)
        finished = session.state.done == len(session.course)
        result = result_of(session, seconds, session.state.done - before) if finished else {}
        meta = {name: result[name] for name in _META if name in result}
        meta |= {"command": session.run["command"]}
        meta |= columns_of(Data.read(session.run, None), session.state.template) | ground_in(
            session.images
        )
        replace(session.state.network, meta=meta).save(file)
        if plot_path is not None:
            from firstspike.scripts.learning import figure  # matplotlib is a slow import

            draw(figure.picture_of(session))
        paths = {"network": output, "state": str(state_path(output))}
        if finished:
            write(result | paths)
    session.state.save(state_path(output))  # from now on, the state belongs only to its own network
    if finished:
        say(report(session, result, list(paths.values())))
        return int(bool(result["differences"]))
    say(
        f"Interrupted after {session.state.done} of {len(session.course)} images; "
        f"to continue: firstspike learn --resume -o {printable(output)}"
    )
    return 130


_META = ("dataset", "seed", "competitors", "shift", "stored_bits", "images", "accuracy")
"""Entries of the result that the network file stores."""


def _check(resume: bool, run: dict[str, Any]) -> None:
    """Raise click.UsageError if the options of the run contradict each other."""
    if resume:
        if given("fresh", *run):
            raise click.UsageError("--resume continues the run as it began: leave its options out.")
        return
    if (run["net"] is None) == (run["random"] is None):
        raise click.UsageError("Give either a NET to begin with, or --random 600.")
    if run["random"] and not all(isinstance(one, int) for one in run["random"]):
        raise click.UsageError(
            "Learning image by image takes dense layers alone: give their sizes, such as --random "
            "600."
        )
    if run["inputs"] and not run["random"]:
        raise click.UsageError("--inputs goes with --random: NET has its own.")
    if run["missing"] and not run["random"]:
        raise click.UsageError("--missing goes with --random: NET has medians, or refuses.")
    if run["random"] and (run["relabel"] or run["kill"]):
        raise click.UsageError("--relabel and --kill go with a trained NET, not --random.")


def _learn(session: Session, learner: Target, output: str) -> float:
    """Learn with a progress bar, saving the state regularly; return the seconds.

    Ctrl-C ends learning after the current part.
    """
    started = saved = time.perf_counter()
    there = None
    with suppress(FileNotFoundError, NetworkError):
        there = Network.load(output)
    with (
        interrupts() as interrupted,
        tqdm(total=len(session.course), initial=session.state.done, unit="image") as bar,
        compilation_on(bar),
    ):
        for point in session.parts(learner):
            bar.set_postfix_str(_progress(session.curve[-SHOWN:]), refresh=False)
            bar.update(point["images"])
            now = time.perf_counter()
            if now - saved > SAVED_EVERY:
                session.state.save(state_path(output), there)
                saved = now
            if interrupted():
                break
    session.state.save(state_path(output), there)
    return time.perf_counter() - started


def _progress(points: list[dict[str, Any]]) -> str:
    now = rates(points)
    text = f"accuracy {now['accuracy']:.2%}, updates {now['updated']:.2%}"
    if now["updated"]:
        rows = now["input_updates_per_update"], now["output_updates_per_update"]
        text += f" of {rows[0]:.0f} + {rows[1]:.0f} rows"
    return text


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether Ctrl-C or SIGTERM arrived; a second one interrupts."""
    came = Event()

    def note(*_: object) -> None:
        came.set()
        restore()

    def restore() -> None:
        for ending, handler in usual.items():
            signal.signal(ending, handler)

    usual = {ending: signal.signal(ending, note) for ending in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came.is_set
    finally:
        restore()
