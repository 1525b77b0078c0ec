# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike train`: trains a network, evaluates it once on the test part, and writes its file."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from firstspike.golden import Network
from firstspike.golden.system.files import companion_path
from firstspike.golden.training.specification import Training
from firstspike.scripts.datasets import (
    Data,
    front_end_options,
    missing_option,
    tell_features,
    training_options,
)
from firstspike.scripts.options import (
    changes_of,
    check_scheduler,
    options_of,
    resumable_options,
    scheduler_option,
    seeds_option,
    take_record,
)
from firstspike.scripts.output import (
    command_line,
    json_result,
    on_command_line,
    say,
)
from firstspike.scripts.paths import Parameters, Verb
from firstspike.scripts.resumable import carried_out, tell_interruption
from firstspike.scripts.shares.work import shares
from firstspike.scripts.training import seeds as several
from firstspike.scripts.training.options import recipe_option
from firstspike.scripts.training.report import full_result, report, result_of
from firstspike.scripts.training.session import (
    Request,
    Session,
    images_of,
    new_session,
    resumed,
)


def written(output: Path, parameters: Parameters) -> list[Path]:
    """Return the network and its state file, or a network per seed."""
    if isinstance(parameters["seed"], list):
        return [companion_path(output, f"-seed{seed}") for seed in parameters["seed"]]
    return [output, Session.state_path(output)]


@click.command(cls=Verb)
@training_options
@recipe_option
@missing_option
@front_end_options
@options_of(Training, *(one.name for one in fields(Training) if one.name != "seed"))
@seeds_option(
    "Seed of the training, or several, for the networks NET-seed1.npz and so on.  "
    f"[default: {Training.seed}]",
    least=0,
)
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
    epoch with quantised weights. --validation-share sets this part; with 0 the training uses all
    samples, and takes the last epoch. The test samples are used once, at the end. The command keeps
    the state of the training in a second file: NET.training.npz for NET.npz. --resume continues
    from this state as if never interrupted. Ctrl-C ends training, and keeps the best network so far
    and the state. --fresh discards the state and starts again.

    Several seeds train at once, on all processors or a cluster. Results are kept: if you repeat the
    command, it trains only the seeds that have no result. With several seeds the command prints
    accuracies on held-out samples only.

    Example: firstspike train --weight-bits 4 --inputs 400 --compact -o mnist-4bit.npz
    """
    resume, fresh = options["resume"], options.pop("resume") is False
    if resume and on_command_line(*options):
        raise click.UsageError("--resume continues the training as it began: give -o alone.")
    seeds = options.pop("seed") if isinstance(options["seed"], list) else None
    scheduler, recipe = options.pop("scheduler"), options.pop("recipe_name")
    check_scheduler(seeds, scheduler)
    data, changes = take_record(Data, options), changes_of(Training, options)
    request = Request(data, recipe, changes, command_line())
    if seeds is not None:
        if fresh or plot_path is not None:
            wrong = "--fresh" if fresh else "--plot"
            raise click.UsageError(f"{wrong} is of one training: give one --seed.")
        with json_result(json_path) as write, shares(scheduler) as work:
            images = images_of(request)
            tell_features(images)
            results = several.train_all(work, images, request, seeds, output)
            write({"seeds": list(results.values()), **several.spread(results.values())})
        say(several.report(results))
        return
    Session.check_ordinary(output)
    if not (resume or fresh):
        Session.check_new(output)

    def begin() -> Session:
        session = resumed(output) if resume else new_session(request, images_of(request))
        if fresh:
            Session.state_path(output).unlink(missing_ok=True)
        return session

    session, result = carried_out(begin, _outcome, output, json_path, plot_path)
    say(report(output, session, result))
    if session.is_interrupted:
        best = session.trainer.best_.number
        tell_interruption(session, output, f": the network is that of epoch {best}")


def _outcome(session: Session) -> tuple[Network, dict[str, Any]]:
    result, network = full_result(session, session.trainer.network_, result_of(session))
    return network, result
