# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike train`: trains a network, evaluates it once on the test part, and writes its file."""

import time
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from firstspike.golden.foreign.printable import printable
from firstspike.golden.system.files import replacing
from firstspike.golden.training.checkpoint import Checkpoint, Epoch
from firstspike.golden.training.specification import Training
from firstspike.scripts.datasets import (
    Data,
    data_option,
    dataset_options,
    missing_option,
    tell_features,
)
from firstspike.scripts.options import (
    changes_of,
    options_of,
    resumable_options,
    scheduler_option,
    seeds_option,
    taken,
)
from firstspike.scripts.output import (
    command_line,
    drawing,
    given,
    json_result,
    say,
)
from firstspike.scripts.places import Parameters, Verb
from firstspike.scripts.progress import compilation_on
from firstspike.scripts.shares import shares
from firstspike.scripts.training import seeds as several
from firstspike.scripts.training.options import recipe_option
from firstspike.scripts.training.report import report, result_of, told
from firstspike.scripts.training.session import (
    Request,
    Session,
    begun,
    check_new,
    images_of,
    resumed,
    state_path,
)

SAVED_EVERY = 5
"""Seconds between two saves of the state."""


def written(output: Path, parameters: Parameters) -> list[Path]:
    """Return the network and its state file, or a network per seed."""
    if parameters["seeds"] is not None:
        return [several.path_of(output, seed) for seed in parameters["seeds"]]
    return [output, state_path(output)]


@click.command(cls=Verb)
@dataset_options()
@data_option
@recipe_option
@missing_option
@options_of(Training)
@seeds_option("Train with each of several seeds, in shares, to NET-seed1.npz and so on.", least=0)
@scheduler_option
@resumable_options("learning curve and confusion matrix", written)
def command(
    plot_path: str | None,
    output: str,
    json_path: str | None,
    **options: Any,
) -> None:
    """Train a network on a data set and write it to NET.

    A part of the training samples (the last 5,000 images of MNIST) is held out to choose the best
    epoch. --validation-share sets this part; with 0 the training uses all samples, and takes the
    last epoch. The test samples are used once, at the end. The command keeps the state of the
    training beside the network, for NET.npz in NET.training.npz, and --resume continues from there
    to the same network. Ctrl-C ends training, keeps the best network so far, and leaves that state.
    --fresh discards such a state and starts again.

    With --seeds all cores, or a cluster, train at the same time. Their results are kept, and the
    same command trains only what is missing. It prints accuracies on held-out samples only.

    Example: firstspike train --weight-bits 4 --inputs 400 --compact -o mnist-4bit.npz
    """
    resume = options.pop("resume")
    if resume and given(*options.keys() - {"data"}):
        raise click.UsageError("--resume continues the training as it began: give -o alone.")
    seeds, scheduler = options.pop("seeds"), options.pop("scheduler")
    fresh, recipe = options.pop("fresh"), options.pop("recipe_name")
    if seeds is None and scheduler is not None:
        raise click.UsageError("--scheduler goes with --seeds.")
    data, changes = taken(Data, options), changes_of(Training, options)
    request = Request(data, recipe, changes, command_line())
    if seeds is not None:
        if plot_path is not None or given("seed"):
            raise click.UsageError("--seeds goes without --seed and --plot, which are of one.")
        with json_result(json_path) as write, shares(scheduler) as work:
            images = images_of(request)
            tell_features(images)
            results = several.train_all(work, images, request, seeds, output)
            write({"seeds": list(results.values()), **several.spread(results.values())})
        say(several.report(results))
        return
    if not (resume or fresh):
        check_new(output)
    with replacing(output) as file, json_result(json_path) as write, drawing(plot_path) as draw:
        session = resumed(output, data.data) if resume else begun(request, images_of(request))
        if fresh:
            state_path(output).unlink(missing_ok=True)
        tell_features(session.images)
        _fit(session, output)
        trainer = session.trainer
        result = result_of(session)
        made, network = told(session, trainer.network_, result)
        network.save(file)
        if plot_path is not None:
            from firstspike.scripts.training import figure  # matplotlib is a slow import

            draw(figure.picture_of(session, result))
        write(made | {"network": output, "digest": network.digest()})
    say(report(output, session, result))
    if trainer.interrupted_:
        say(
            f"Interrupted: the network is that of epoch {trainer.best_.number}; to continue: "
            f"firstspike train --resume -o {printable(output)}"
        )
    else:
        state_path(output).unlink(missing_ok=True)


def _fit(session: Session, output: str) -> None:
    """Train with a progress bar on standard error, saving the state regularly."""
    trainer, latest, saved = session.trainer, session.checkpoint, time.monotonic()
    total, stored = trainer.training.all_epochs, session.stored
    done = 0 if latest is None else latest.done

    def save(checkpoint: Checkpoint) -> None:
        nonlocal latest, saved
        latest = checkpoint
        if time.monotonic() - saved > SAVED_EVERY:
            checkpoint.save(state_path(output), stored)
            saved = time.monotonic()

    with tqdm(total=total, initial=done, unit="epoch") as bar, compilation_on(bar):

        def progress(epoch: Epoch) -> None:
            held_out = epoch.validation_accuracy
            text = f"loss {epoch.loss:.3f}"
            if held_out is not None:
                text += f", validation {100 * held_out:.2f} %"
                text += f", hidden spikes {epoch.hidden_spikes:.1f}"
            bar.set_postfix_str(text, refresh=False)
            bar.update()

        session.fit(progress, save)
    if trainer.interrupted_ and latest is not None:
        latest.save(state_path(output), stored)
