# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike train`: trains a network, evaluates it once on the test part, and writes its file."""

import time
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from firstspike.golden.data.split import HELD_OUT
from firstspike.golden.encodings.registry import forms
from firstspike.golden.foreign.printable import printable
from firstspike.golden.system.files import replacing
from firstspike.golden.training.checkpoint import Checkpoint, Epoch
from firstspike.scripts.datasets import (
    dataset_options,
    front_end_options,
    missing_option,
    tell_features,
)
from firstspike.scripts.options import (
    Sizes,
    data_option,
    number_option,
    resumable_options,
    scheduler_option,
    seed_option,
    seeds_option,
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
@click.option(
    "--hidden",
    type=Sizes(),
    help="Hidden layers: sizes, such as 400-400, or filters, such as 16c5s2-32c5s2-64: 16 of "
    "5 x 5 inputs, by steps of 2.  [default: the recipe's]",
)
@click.option(
    "--encoding",
    metavar="NAME",
    help=f"Encoding of the samples: {forms()}.  [default: the recipe's]",
)
@click.option(
    "--complement/--no-complement",
    default=None,
    help="Add an input per feature on which small values spike early.  [default: the recipe's]",
)
@click.option(
    "--constant/--no-constant",
    default=None,
    help="Add one input that always spikes.  [default: the recipe's]",
)
@click.option(
    "--threshold",
    type=float,
    metavar="X",
    help="Take values from X on as bright, in a binary encoding.",
)
@number_option(
    "--weight-bits",
    type=click.IntRange(2, 8),
    metavar="BITS",
    help="Bits per weight.  [default: the recipe's, most often 8]",
)
@missing_option
@front_end_options
@number_option("--inputs", "n_connected", help="Connect only N inputs.  [default: the recipe's]")
@click.option("--compact", is_flag=True, help="Drop hidden neurons that never take part.")
@seed_option("the weights and the order of the images")
@seeds_option("Train with each of several seeds, in shares, to NET-seed1.npz and so on.", least=0)
@scheduler_option
@number_option(
    "--epochs", help="Train N epochs before those with quantised weights.  [default: the recipe's]"
)
@click.option(
    "--validation-share",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="SHARE",
    help="Hold out this share of each class's training samples: they choose the epoch. 0 trains on "
    f"all samples.  [default: {HELD_OUT} for a file with enough samples per class, else 0; the "
    "recipe's for a named set]",
)
@number_option(
    "--patience",
    help="Go on to quantised weights after N epochs without a better held-out accuracy.",
)
@resumable_options("learning curve and confusion matrix", written)
def command(
    data: str | None,
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
    if resume and given(*options):
        raise click.UsageError("--resume continues the training as it began: give -o alone.")
    seeds, scheduler = options.pop("seeds"), options.pop("scheduler")
    fresh, recipe = options.pop("fresh"), options.pop("recipe_name")
    if seeds is None and scheduler is not None:
        raise click.UsageError("--scheduler goes with --seeds.")
    run = options | {"recipe": recipe, "command": command_line()}
    if seeds is not None:
        if plot_path is not None or given("seed"):
            raise click.UsageError("--seeds goes without --seed and --plot, which are of one.")
        with json_result(json_path) as write, shares(scheduler) as work:
            images = images_of(run, data)
            tell_features(images)
            results = several.train_all(work, images, run, seeds, output)
            write({"seeds": list(results.values()), **several.spread(results.values())})
        say(several.report(results))
        return
    if not (resume or fresh):
        check_new(output)
    with replacing(output) as file, json_result(json_path) as write, drawing(plot_path) as draw:
        session = resumed(output, data) if resume else begun(run, data)
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
    total = trainer.epochs + trainer.fine_tuning_epochs
    done = 0 if latest is None else latest.done

    def save(checkpoint: Checkpoint) -> None:
        nonlocal latest, saved
        latest = checkpoint
        if time.monotonic() - saved > SAVED_EVERY:
            checkpoint.save(state_path(output), session.run)
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
        latest.save(state_path(output), session.run)
