# SPDX-License-Identifier: BSD-2-Clause
"""Measures spoken digits of speakers that training has not heard: each of six is left out once.

    python -m docs.measurements.speakers
    python -m docs.measurements.speakers --hidden 12c3s2-24c3s2
    python -m docs.measurements.speakers --strict

It trains as `firstspike train --dataset spoken-digits --validation-share 0` does, with seed 1.
Hidden layers are chosen with --choosing: two speakers are left out together, and the accuracy is
that on the second of them. So the first, third and fifth speaker have no part in the choice.
"""

from dataclasses import replace

import click
import numpy as np

from firstspike.golden import load_dataset
from firstspike.golden.data.sounds import with_none
from firstspike.golden.training.general_recipe import sound_training
from firstspike.golden.training.trainer import Trainer
from firstspike.scripts.options import Sizes

SPEAKERS, DIGITS = 6, 10


@click.command(help=__doc__)
@click.option("--hidden", type=Sizes())
@click.option("--epochs", type=int)
@click.option("--choosing", is_flag=True)
@click.option("--strict", is_flag=True)
def main(
    hidden: tuple[int | str, ...] | None, epochs: int | None, choosing: bool, strict: bool
) -> None:
    """Print the accuracy on each speaker, the mean, and the number of weights."""
    data = load_dataset("spoken-digits")
    assert data.sound is not None
    x = np.concatenate([data.x_test, data.x_train])
    y = np.concatenate([data.y_test, data.y_train])
    speakers = np.arange(len(y)) // DIGITS % SPEAKERS  # the order of `spoken_digits`
    accuracies = []
    for speaker in range(0, SPEAKERS, 2 if choosing else 1):
        asked = speaker + 1 if choosing else speaker
        heard = (speakers != speaker) & (speakers != asked)
        trained = with_none(replace(data, x_train=x[heard], y_train=y[heard]), data.sound, strict)
        parameters = sound_training(
            len(trained.x_train), seed=1, held_out=0, hidden=hidden, epochs=epochs
        )
        trainer = Trainer(parameters).fit(trained.x_train, trained.y_train)
        accuracies.append(trainer.score(x[speakers == asked], y[speakers == asked]))
        print(f"speaker {asked}: {accuracies[-1]:.2%}", flush=True)
    weights = sum(one.size for one in trainer.network_.weights)
    print(f"mean: {np.mean(accuracies):.2%}; {weights:,} weights")


if __name__ == "__main__":
    main()
