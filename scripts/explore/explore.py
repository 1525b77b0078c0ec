# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike explore`: searches for networks for a board, and places the best ones."""

import json
from dataclasses import asdict, replace
from math import ceil, inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from firstspike.boards.pins.board import Board
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden.data.dataset import Dataset
from firstspike.golden.data.sets import DATASETS
from firstspike.golden.data.split import HELD_OUT
from firstspike.golden.encodings.samples import checked_samples
from firstspike.golden.foreign.printable import printable
from firstspike.golden.layers.registry import layers_of
from firstspike.golden.system.files import creating, replace_file
from firstspike.golden.system.temporary import reserved_folder
from firstspike.golden.training.samples import prepare_samples
from firstspike.golden.training.specification import Training
from firstspike.scripts.datasets import Data, missing_option, training_options
from firstspike.scripts.errors import VerbError
from firstspike.scripts.explore import JOURNAL
from firstspike.scripts.explore.builds import build_all
from firstspike.scripts.explore.front import Limits
from firstspike.scripts.explore.points import add_build, figures_of, point_of, report
from firstspike.scripts.explore.space import Space
from firstspike.scripts.options import (
    Number,
    board_option,
    changes_of,
    folder_option,
    number_option,
    options_of,
    scheduler_option,
    take_record,
)
from firstspike.scripts.output import command_line, drawing, say
from firstspike.scripts.paths import Verb
from firstspike.scripts.shares.work import shares
from firstspike.scripts.training.options import recipe_option
from firstspike.scripts.training.session import Request, images_of, new_session

if TYPE_CHECKING:
    from firstspike.scripts.explore.search import Search

HOURS = 3
"""Default duration of a search in hours."""

TIMED = 500
"""Largest number of held-out samples on which clock cycles are counted."""

FRONT, TABLE, PICTURE, BEST = "front.json", "front.txt", "front.png", "best.npz"
"""Files of the result, in addition to the journal and the folders of placements."""


@click.command(cls=Verb)
@board_option("Board to search for.", required=True)
@training_options
@missing_option
@recipe_option
@click.option(
    "--latency",
    type=Number(min=0, min_open=True),
    metavar="US",
    help="Take the most accurate network that needs at most US microseconds per image.",
)
@click.option(
    "--accuracy",
    type=Number(0, 1),
    metavar="MIN",
    help="Take the fastest network with at least this accuracy, 0 to 1; with --latency take the "
    "most accurate one.",
)
@number_option("--trials", help="Try N trainings in all; those of earlier runs count.")
@click.option(
    "--hours",
    type=Number(min=0, min_open=True),
    metavar="H",
    help="Begin no training after H hours in all; those of earlier runs count.  [default: "
    f"{HOURS}, if there are no --trials]",
)
@options_of(Training, "epochs", help="Let a whole training take N epochs.  [default: the recipe's]")
@click.option(
    "--place",
    "placed",
    type=click.IntRange(min=0),
    metavar="K",
    default=2,
    help="Place and route the K best networks.",
)
@options_of(Training, "seed", help="Seed of the search, and of each training.")
@scheduler_option
@folder_option(
    "-o",
    "--output",
    files=(JOURNAL, FRONT, TABLE, PICTURE, BEST),
    required=True,
    help="Write search, front and bitstreams into this folder.",
)
def command(
    board: str,
    placed: int,
    output: Path,
    **options: Any,
) -> None:
    """Search for networks for a board that are accurate and fast.

    The command trains networks of many sizes, with 2 to 8 bits per weight, and with different
    numbers of inputs. With --recipe conv the networks convolve. For each network the command
    chooses the lanes, rows and window that are fastest on the board. It ends trainings early if
    their accuracy is lower than that of others. All choices use held-out training samples. The test
    figures of the networks in the result are measured once.

    DIR gets front.json, front.txt and front.png, the chosen network best.npz, and a folder with
    bitstream and report for each network that is placed. If you repeat the command, it continues an
    interrupted search, or extends the search if --trials or --hours is larger.

    Example: firstspike explore --board icebreaker --latency 200 -o search
    """
    from firstspike.scripts.explore.figure import picture_of  # slow import

    limits, command_words = take_record(Limits, options), command_line()
    trials, hours = options.pop("trials"), options.pop("hours")
    seconds = inf if hours is None and trials else 3600 * (hours or HOURS)
    scheduler, recipe = options.pop("scheduler"), options.pop("recipe_name")
    data, changes = take_record(Data, options), changes_of(Training, options)
    request = Request(data, recipe, changes | {"compact": True})
    images = images_of(request)
    training = replace(images, x_test=images.x_test[:0], y_test=images.y_test[:0])
    with (
        creating(output),
        reserved_folder(output / ".searching", output),
        shares(scheduler) as work,
    ):
        search = _search(output, training, request, BOARDS[board], limits)
        search.trials, search.seconds = trials, seconds
        search.run(work)
        figures, plans = search.ended(), search.front()
        if not plans:
            raise VerbError(
                "no training came to its end with a network that fits: give the search more "
                "--hours or --trials, or take a larger board."
            )
        points = {
            number: point_of(number, search.network(number), plan, figures[number], images)
            for number, plan in plans.items()
        }

        def key(number: int) -> tuple[bool, float, float]:
            return limits.key(figures_of(points[number]))

        best = sorted(plans, key=key, reverse=True)[:placed]
        for number, built in build_all(work, {n: plans[n] for n in best}, output):
            add_build(points[number], built)
        fast_enough = [number for number in best if points[number]["placed"]["met"]]
        chosen, shown = max(fast_enough or plans, key=key), list(points.values())
        met = limits.met_by(figures_of(points[chosen]))
        result = {"command": command_words, "taken": chosen, "met": met, "front": shown}
        text = report(shown, chosen)
        search.network(chosen).save(output / BEST)
        replace_file(output / FRONT, json.dumps(result, indent=1).encode() + b"\n")
        replace_file(output / TABLE, f"{text}\n".encode())
        with drawing(str(output / PICTURE)) as draw:
            draw(picture_of(shown, chosen, search.tried(), command_words))
    say(f"{text}\n\n* is taken: {printable(output / BEST)}")
    if not met:
        raise click.ClickException(
            "no network of the search keeps the limits: give it more --hours, or other limits."
        )


def _search(
    folder: Path,
    images: Dataset,
    request: Request,
    board: Board,
    limits: Limits,
) -> "Search":
    """Start or continue the search of a folder. Raises VerbError."""
    from firstspike.scripts.explore.search import Search, opened  # needs the extra `explore`

    run = {"board": board.name, **asdict(limits), **asdict(request.data)}
    run |= {"recipe": request.recipe, "epochs": None, **request.changes}
    if request.data.dataset not in DATASETS:
        # A search chooses by held-out samples, even for small sets.
        share = max(HELD_OUT, images.n_classes / len(images.x_train))
        request = replace(request, changes=request.changes | {"held_out": share})
    session = new_session(request, images)
    training = session.trainer.training
    samples = checked_samples(images.x_train, training.medians)
    with_all_inputs = replace(training, n_connected=None)
    data = prepare_samples(
        with_all_inputs, samples, images.y_train, images.groups_train, images.features
    )
    held_out = np.flatnonzero(data.held_out)
    run |= {"data": session.stored["digest"]}
    n_inputs = data.network.n_inputs
    layers_of(training.hidden, n_inputs, images.n_classes, data.size)  # refuses wrong ones
    space = Space.of(training, n_inputs)
    return Search(
        study=opened(folder, run, training.seed, space.known(training)),
        folder=folder,
        images=images,
        request=request,
        space=space,
        timed=held_out[:: ceil(len(held_out) / TIMED)],
        board=board,
        limits=limits,
    )
