# SPDX-License-Identifier: BSD-2-Clause
"""Files for the verbs of a test to read, and digits in the place of a data set."""

from pathlib import Path

import numpy as np
import pytest

from firstspike.golden import bundled_test_set
from firstspike.golden.data.sets import Dataset
from firstspike.scripts import datasets
from tests.support.command import toy_network
from tests.support.rooms import added


def put_files(folder: Path, digits: int = 300) -> None:
    """Write a network, events for it, a data set of digits, and the files of rooms."""
    toy_network().save(folder / "toy.npz")
    for put in added("FILES"):
        put(folder)
    (folder / "events.jsonl").write_text('{"events": [[8, 9], [8, 10], [8, 30]]}\n' * 3)
    pixels, labels = bundled_test_set()
    np.savez(folder / "digits.npz", x_train=pixels[:digits], y_train=labels[:digits])


def stand_in(monkeypatch: pytest.MonkeyPatch, training: int = 2500, test: int = 500) -> Dataset:
    """Let so many digits to train on, and so many others to test, stand for any data set."""
    pixels, labels = (np.split(one, [training, training + test]) for one in bundled_test_set())
    digits = Dataset(pixels[0], labels[0], pixels[1], labels[1])
    monkeypatch.setattr(datasets, "load_dataset", lambda *_: digits)
    return digits
