# SPDX-License-Identifier: BSD-2-Clause
"""Which data set a verb works on: one that has a name, or a file of the user."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from firstspike.golden import Network
from firstspike.golden.data.dataset import TEST_SHARE, Dataset, assembled
from firstspike.golden.data.sets import CLASSES, DATASETS, PIXELS, load_dataset

from .errors import VerbError
from .places import DatasetName, InputPath

OPTIONS = ("dataset", "label", "group", "test", "test_share")
"""Parameters of a verb that `loaded` looks at, beside `data`."""


def dataset_options(
    default: str | None = DATASETS[0], whose: str = "Whose images it takes"
) -> Callable:
    """Add the options that `loaded` looks at."""
    names = ", ".join(DATASETS)

    def decorate(command: Callable) -> Callable:
        for option in (
            click.option(
                "--test-share",
                type=click.FloatRange(0, 1, min_open=True),
                metavar="SHARE",
                help="Of a file without a test part, how much of it is that, stratified; 1 for "
                f"all.  [default: {TEST_SHARE}]",
            ),
            click.option(
                "--test",
                type=InputPath(exists=True),
                metavar="FILE",
                help="Of a file, its test part.",
            ),
            click.option(
                "--group",
                metavar="COLUMN",
                help="Of a .csv file: rows of one group stay on one side.",
            ),
            click.option(
                "--label", metavar="COLUMN", help="Of a .csv file, where the classes are."
            ),
            click.option(
                "--dataset",
                default=default,
                type=DatasetName(),
                metavar="NAME|FILE",
                help=f"{whose}: {names}, or a file, .npz as of Keras, .csv, .jsonl of events, or a "
                "folder of images.",
            ),
        ):
            command = option(command)
        return command

    return decorate


def loaded(options: Mapping[str, Any], network: Network | None = None) -> Dataset:
    """The data set that a verb's options name; `network` says what its features and classes are.

    Raises our errors for what is not there, is broken, or does not fit the network.
    """
    name = options["dataset"]
    given = [option for option in OPTIONS[1:] if options.get(option) is not None]
    if name in DATASETS:
        if given:
            raise click.UsageError(
                f"--{given[0].replace('_', '-')} goes with a file: {name} has its own test part."
            )
        check_named(name, network)
        return load_dataset(name, options.get("data"))
    path = Path(name)
    if not path.exists():
        raise VerbError(
            f"there is no data set {name!r}: give one of {', '.join(DATASETS)}, or a file."
        )
    from firstspike.golden.data.readers import read

    columns = options["label"], options["group"]
    features = network.features.names if network is not None and network.features else ()
    train, test = read(path, *columns, features)
    if options["test"] is not None:
        if options["test_share"] is not None:
            raise click.UsageError("Give --test or --test-share.")
        other = read(Path(options["test"]), *columns, features or train.names)
        test = other[1] or other[0]
    elif test is not None and options["test_share"] is not None:
        raise click.UsageError(f"{name} has a test part: leave --test-share out.")
    known: dict[str, Any] = {}
    if network is not None:
        known = {"classes": network.classes, "n_classes": network.shape[-1]}
    return assembled(name, train, test, share=options["test_share"], **known)


def check_named(name: str, network: Network | None) -> None:
    """Raise `VerbError` unless a network takes the images of a named data set."""
    if network is None:
        return
    pixels, classes = network.n_features, network.shape[-1]
    if not network.takes_pixels or pixels != PIXELS or classes < CLASSES:
        raise VerbError(
            f"the images of {name} have {PIXELS} pixels and {CLASSES} classes, this network takes "
            f"{pixels} {'pixels' if network.takes_pixels else 'features'} to {classes} classes: "
            "name the data that it is for by --dataset."
        )
