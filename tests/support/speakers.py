# SPDX-License-Identifier: BSD-2-Clause
"""Measures spoken digits of speakers that training has not heard: each of six is left out once.

    python -m tests.support.speakers

It trains as `firstspike train --dataset spoken-digits --validation-share 0` does, with seed 1.
"""

from dataclasses import replace

import numpy as np

from firstspike.golden import load_dataset
from firstspike.golden.data.sounds import with_none
from firstspike.golden.training.suited import suited_to_sound
from firstspike.golden.training.trainer import Trainer

SPEAKERS, DIGITS = 6, 10


def main() -> None:
    """Print the accuracy on each speaker, and the mean."""
    data = load_dataset("spoken-digits")
    assert data.sound is not None
    x = np.concatenate([data.x_test, data.x_train])
    y = np.concatenate([data.y_test, data.y_train])
    speakers = np.arange(len(y)) // DIGITS % SPEAKERS  # the order of `spoken_digits`
    accuracies = []
    for speaker in range(SPEAKERS):
        out = speakers == speaker
        trained = with_none(replace(data, x_train=x[~out], y_train=y[~out]), data.sound)
        parameters = suited_to_sound(len(trained.x_train), seed=1, held_out=0)
        trainer = Trainer(**parameters).fit(trained.x_train, trained.y_train)
        accuracies.append(trainer.score(x[out], y[out]))
        print(f"speaker {speaker}: {accuracies[-1]:.2%}", flush=True)
    print(f"mean: {np.mean(accuracies):.2%}")


if __name__ == "__main__":
    main()
