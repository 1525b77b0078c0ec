# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike learn`: learns image by image with the rule of the chip, and adapts to changes."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from firstspike.golden import CoreShape, Network, load_network
from firstspike.golden.learning.course import ANNEALING
from firstspike.golden.timing.folding import DEFAULT_LANES
from firstspike.scripts.datasets import (
    Data,
    ground_in,
    missing_option,
    recorded,
    training_options,
)
from firstspike.scripts.learning.report import report, result_of
from firstspike.scripts.learning.session import Session, new_session, resumed
from firstspike.scripts.options import (
    Number,
    Sizes,
    board_port_option,
    lanes_option,
    number_option,
    resumable_options,
    seed_option,
    target_option,
)
from firstspike.scripts.output import (
    command_line,
    on_command_line,
    say,
)
from firstspike.scripts.paths import NetworkName, Verb
from firstspike.scripts.progress import bars
from firstspike.scripts.resumable import carried_out, tell_interruption
from firstspike.scripts.selection import ALL, WHICH, images_option
from firstspike.scripts.targets.specifications import TARGETS, take_target


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
@click.argument("net", required=False, type=NetworkName(Session.state_path), metavar="[NET]")
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
@training_options
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
    "--last-layer",
    is_flag=True,
    help="Change only the weights of the last layer of NET, whose hidden layers may be of any "
    "number and kind.",
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
@board_port_option
@seed_option("the weights, the order of the images, and the draws")
@resumable_options(
    "the learning curve and receptive fields",
    lambda output, _: (output, Session.state_path(output)),
)
def command(
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
    resume, fresh = run["resume"], run.pop("resume") is False
    lanes, specification = run["lanes"], take_target(target, run)
    _check(resume, run)
    if Path(output).exists() and not Path(output).is_file():
        raise click.UsageError(f"{output!r} is no ordinary file: the state is kept beside it.")
    if run["exact"] and (target != "golden" or lanes):
        raise click.UsageError(
            "--exact runs only on the golden model: leave out --target and --lanes."
        )
    if run["last_layer"] and target == "board":
        raise click.UsageError("--last-layer runs on the golden model, or with --target rtl.")
    specification.check()
    if not resume:  # before the data are read or downloaded
        n_layers = len(run["random"] or ()) + 1
        if not run["random"]:
            network = load_network(run["net"])
            if not run["last_layer"]:
                network.check_dense("learning image by image without --last-layer")
            n_layers = network.n_layers
        CoreShape(lanes).check_layers(n_layers)
    if not (resume or fresh):
        Session.check_new(output)
    run |= {"command": command_line()}
    if run["images"] == ALL:
        run["images"] = None

    def begin() -> Session:
        session = resumed(output) if resume else new_session(run)
        session.learner = lambda network: specification.open(output, network, bars())
        return session

    session, result = carried_out(begin, _outcome, output, json_path, plot_path)
    if session.is_interrupted:
        done, total = session.progress()
        tell_interruption(session, output, f" after {done} of {total} images")
        return 130
    say(report(session, result, [output, str(Session.state_path(output))]))
    return int(bool(result["differences"]))


def _outcome(session: Session) -> tuple[Network, dict[str, Any]]:
    """Return the network, and the result, which is empty if images remain."""
    result = {} if session.is_interrupted else result_of(session)
    meta = {name: result[name] for name in _META if name in result}
    meta |= {"command": session.run["command"]}
    meta |= recorded(Data.read(session.run), session.state.template)
    meta |= ground_in(session.images)
    return replace(session.state.network, meta=meta), result


_META = ("dataset", "seed", "competitors", "shift", "stored_bits", "images", "accuracy")
"""Entries of the result that the network file stores."""


def _check(resume: bool, run: dict[str, Any]) -> None:
    """Raise click.UsageError if the options of the run contradict each other."""
    if resume:
        if on_command_line(*run):
            raise click.UsageError("--resume continues the run as it began: leave its options out.")
        return
    if (run["net"] is None) == (run["random"] is None):
        raise click.UsageError("Give either a NET to begin with, or --random 600.")
    if run["random"] and not all(isinstance(one, int) for one in run["random"]):
        raise click.UsageError(
            "Learning image by image takes dense layers alone: give their sizes, such as --random "
            "600."
        )
    if run["last_layer"] and (run["random"] or run["kill"] or run["exact"]):
        raise click.UsageError(
            "--last-layer keeps the hidden layers of a trained NET: leave out --random, --kill and "
            "--exact."
        )
    if run["inputs"] and not run["random"]:
        raise click.UsageError("--inputs goes with --random: NET has its own.")
    if run["missing"] and not run["random"]:
        raise click.UsageError("--missing goes with --random: NET has medians, or refuses.")
    if run["random"] and (run["relabel"] or run["kill"]):
        raise click.UsageError("--relabel and --kill go with a trained NET, not --random.")
