# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike learn`: learns image by image with the rule of the chip, and adapts to changes."""

from dataclasses import replace
from typing import Any

import click

from firstspike.golden import Network, load_network
from firstspike.golden.timing.folding import DEFAULT_LANES
from firstspike.scripts.datasets import Data, ground_in, missing_option, recorded, training_options
from firstspike.scripts.learning.report import report, result_of
from firstspike.scripts.learning.session import Request, Session, new_session, resumed
from firstspike.scripts.learning.specification import Learning
from firstspike.scripts.options import (
    board_port_option,
    changes_of,
    lanes_option,
    options_of,
    resumable_options,
    take_record,
    target_option,
)
from firstspike.scripts.output import command_line, on_command_line, say
from firstspike.scripts.paths import NetworkName, Verb
from firstspike.scripts.progress import bars
from firstspike.scripts.resumable import carried_out, tell_interruption
from firstspike.scripts.targets.specifications import TARGETS, Golden, take_target


@click.command(cls=Verb)
@click.argument("net", required=False, type=NetworkName(Session.state_path), metavar="[NET]")
@training_options
@missing_option
@options_of(Learning)
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
@resumable_options(
    "the learning curve and receptive fields",
    lambda output, _: (output, Session.state_path(output)),
)
def command(
    target: str,
    plot_path: str | None,
    output: str,
    json_path: str | None,
    resume: bool | None,
    **options: Any,
) -> int:
    """Learn a data set image by image, in integers, as the chip does, and write the network.

    The run begins with NET or with random weights. --relabel changes the labels, and --kill kills
    hidden neurons. The command keeps the state of the run (stored weights, generator, position) in
    a second file, for NET.npz in NET.state.npz. --resume continues from this state bit for bit.
    Ctrl-C, or SIGTERM, saves and ends; --fresh discards an interrupted run and starts again. The
    test images are used once, at the end. With --target rtl or board the exit status is 1 if any
    weight, decision or clock cycle of the hardware differs from the golden model's.

    Example: firstspike learn --random 600 --epochs 10 -o learned.npz
    """
    if options["exact"] and (target != "golden" or options["lanes"]):
        raise click.UsageError(
            "--exact runs only on the golden model: leave out --target and --lanes."
        )
    if options["last_layer"] and target == "board":
        raise click.UsageError("--last-layer runs on the golden model, or with --target rtl.")
    specification = take_target(target, options)
    if resume and on_command_line(*options):
        raise click.UsageError("--resume continues the run as it began: leave its options out.")
    data, learning = take_record(Data, options), Learning(**changes_of(Learning, options))
    if not resume:
        _check(learning, data)
    Session.check_ordinary(output)
    specification.check()
    if not resume:  # before the data are read or downloaded
        n_layers = len(learning.random or ()) + 1
        if learning.net is not None:
            network = load_network(learning.net)
            if not learning.last_layer:
                network.check_dense("learning image by image without --last-layer")
            n_layers = network.n_layers
        if isinstance(specification, Golden):
            specification.shape.check_layers(n_layers)
    if resume is None:
        Session.check_new(output)
    request = Request(learning, data, command_line())

    def begin() -> Session:
        session = resumed(output) if resume else new_session(request)
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
    meta |= {"command": session.request.command}
    meta |= recorded(session.request.data, session.state.template)
    meta |= ground_in(session.images)
    return replace(session.state.network, meta=meta), result


_META = ("dataset", "seed", "competitors", "shift", "stored_bits", "images", "accuracy")
"""Entries of the result that the network file stores."""


def _check(learning: Learning, data: Data) -> None:
    """Raise click.UsageError if the options of a new run contradict each other."""
    random = learning.random
    if (learning.net is None) == (random is None):
        raise click.UsageError("Give either a NET to begin with, or --random 600.")
    if random and not all(isinstance(one, int) for one in random):
        raise click.UsageError(
            "Learning image by image takes dense layers alone: give their sizes, such as --random "
            "600."
        )
    if learning.last_layer and (random or learning.kill or learning.exact):
        raise click.UsageError(
            "--last-layer keeps the hidden layers of a trained NET: leave out --random, --kill and "
            "--exact."
        )
    if learning.inputs and not random:
        raise click.UsageError("--inputs goes with --random: NET has its own.")
    if data.missing and not random:
        raise click.UsageError("--missing goes with --random: NET has medians, or refuses.")
    if random and (learning.relabel or learning.kill):
        raise click.UsageError("--relabel and --kill go with a trained NET, not --random.")
