# SPDX-License-Identifier: BSD-2-Clause
"""Shows accuracies beside those of other classifiers, and the core, for all examples."""

import argparse
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np

from firstspike.scripts.main import run_line

Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Samples to train on and to test, then their labels, as `train_test_split` gives them."""
Maker = Callable[[int], Any]
"""Gives a classifier for a random state."""


def arguments(doc: str | None, splits: int) -> argparse.ArgumentParser:
    """The command line of an example; there are so many `splits`."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument(
        "--splits",
        type=int,
        choices=range(1, splits + 1),
        default=1,
        metavar="N",
        help=f"how many to train and test on, of {splits} (default: 1)",
    )
    return parser


def accuracies(splits: Iterable[Split], count: int, **makers: Maker) -> tuple[Any, Split]:
    """Print the test accuracy of each classifier on the first `count` splits, and the means.

    Gives the last classifier with a `network_`, and its split.
    """
    print("split", *makers, sep="  ")
    rows = []
    for number, split in enumerate(islice(splits, count)):
        X, X_test, y, y_test = split
        fitted = {name: make(number).fit(X, y) for name, make in makers.items()}
        rows.append([one.score(X_test, y_test) for one in fitted.values()])
        print(_line(number, makers, rows[-1]), flush=True)
    print(_line("mean", makers, np.mean(rows, axis=0)), flush=True)
    ours = next(one for one in fitted.values() if hasattr(one, "network_"))
    return ours, split


def _line(what: object, makers: Iterable[str], accuracies: Iterable[float]) -> str:
    cells = (
        f"{accuracy:.2%}".rjust(len(name))
        for name, accuracy in zip(makers, accuracies, strict=True)
    )
    return "  ".join([str(what).ljust(5), *cells])


def on_hardware(name: str, classifier: Any, split: Split) -> None:
    """Write network and data, compare the simulated core with the model, and ask for boards."""
    data = dict(zip(("x_train", "x_test", "y_train", "y_test"), split, strict=True))
    np.savez_compressed(f"{name}-data.npz", **data)
    classifier.network_.save(f"{name}.npz")
    command(f"compare {name}.npz --dataset {name}-data.npz --target rtl --lanes 8")
    command(f"boards {name}.npz --dataset {name}-data.npz")


def command(line: str) -> None:
    """Run `firstspike` as a person would."""
    print(f"\n$ firstspike {line}", flush=True)
    if status := run_line(line.split()):
        sys.exit(status)
