# SPDX-License-Identifier: BSD-2-Clause
"""Measures spoken digits of a new speaker before and after some of the speaker's words are taught.

    python -m docs.measurements.teaching [--references N] [--seed S]

For each of six speakers it trains a network on recordings 5 to 49 of the other five, as `firstspike
train --dataset spoken-digits --validation-share 0` does. It then teaches recordings per word of the
new speaker, drawn from recordings 20 to 49, twice, and prints before and after teaching

- own: the accuracy on recordings 0 to 19 of the new speaker;
- others: that on recordings 0 to 4 of the others;
- none: the share of pictures of the class `none`, none of them a reference, that are `none`.

The references are N training recordings of each word, and pictures of `none`. The procedure was
chosen on other recordings: on 20 to 34 to teach, and 35 to 49 and those of training to measure.
"""

from dataclasses import replace

import click
import numpy as np

from firstspike.golden import Dataset, Network, Teacher, encode, infer, load_dataset
from firstspike.golden.data.sounds import with_none
from firstspike.golden.training.general_recipe import sound_training
from firstspike.golden.training.trainer import Trainer

SPEAKERS, DIGITS = 6, 10
DRAWS = 2
TAUGHT = (3, 10)
"""Recordings per word."""

CAPACITY = DIGITS * max(TAUGHT)
"""Taught words in the replay memory."""

NONE = 20
"""References of the class `none`."""

Part = tuple[np.ndarray, np.ndarray]
"""Pictures, as spike ticks int32 [n, n_rows], and their classes [n]."""


@click.command(help=__doc__)
@click.option("--references", type=int, default=10, help="References of each word.")
@click.option("--seed", type=int, default=1)
def main(references: int, seed: int) -> None:
    """Print the accuracies of each speaker and draw, and their means."""
    data = load_dataset("spoken-digits")
    x = np.concatenate([data.x_test, data.x_train])
    y = np.concatenate([data.y_test, data.y_train])
    recordings, speakers = np.divmod(np.arange(len(y)) // DIGITS, SPEAKERS)
    rows = []
    for speaker in range(SPEAKERS):
        is_new = speakers == speaker
        heard = ~is_new & (recordings >= 5)
        network, none = trained(replace(data, x_train=x[heard], y_train=y[heard]), seed)
        ticks = encode(network, x)
        tested = (is_new & (recordings < 20), ~is_new & (recordings < 5))
        parts = [(ticks[one], y[one]) for one in tested]
        for draw in range(DRAWS):
            rng = np.random.default_rng([seed, speaker, draw])
            mixed = rng.permutation(np.flatnonzero(heard))
            known = np.concatenate([mixed[y[mixed] == digit][:references] for digit in range(10)])
            chosen, unseen = np.split(rng.permutation(none), [NONE])
            memory = (np.concatenate([ticks[known], chosen]), np.append(y[known], [DIGITS] * NONE))
            new = rng.permutation(range(20, 50))[: max(TAUGHT)]
            words = np.concatenate([np.flatnonzero(is_new & (recordings == one)) for one in new])
            teacher = Teacher(network, memory, CAPACITY)
            rejected = (unseen, np.full(len(unseen), DIGITS))
            rows.append(taught(teacher, (ticks[words], y[words]), [*parts, rejected]))
            print(f"speaker {speaker}: {as_text(rows[-1])}", flush=True)
    print(f"mean: {as_text(np.mean(rows, axis=0))}")


def taught(teacher: Teacher, words: Part, parts: list[Part]) -> list[list[float]]:
    """Teach all words; return the accuracies on the parts before, and after `TAUGHT` words."""
    measured = [accuracies(teacher.network, parts)]
    for ticks, label in zip(*words, strict=True):
        teacher.teach(ticks, int(label))
        if teacher.count in [DIGITS * count for count in TAUGHT]:
            measured.append(accuracies(teacher.network, parts))
    return measured


def trained(data: Dataset, seed: int) -> tuple[Network, np.ndarray]:
    """Return a network, and the ticks of pictures of the class `none`."""
    assert data.sound is not None
    extended = with_none(data, data.sound)
    training = sound_training(len(extended.x_train), seed=seed, held_out=0)
    network = Trainer(training).fit(extended.x_train, extended.y_train).network_
    none = extended.x_train[extended.y_train == network.shape[-1] - 1]
    return replace(network, classes=extended.classes), encode(network, none)


def accuracies(network: Network, parts: list[Part]) -> list[float]:
    """Return the share of right decisions on each part."""
    return [float((infer(network, ticks).decision == y).mean()) for ticks, y in parts]


def as_text(measured: list[list[float]] | np.ndarray) -> str:
    """Return accuracies before, and after `TAUGHT` words, as text."""
    before, *after = [", ".join(f"{one:.1%}" for one in accuracy) for accuracy in measured]
    texts = [f"after {count}: {one}" for count, one in zip(TAUGHT, after, strict=True)]
    return "; ".join([f"own, others, none before: {before}", *texts])


if __name__ == "__main__":
    main()
