# SPDX-License-Identifier: BSD-2-Clause
"""Finds the data set for a verb: a named one, or a file of the user."""

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import numpy as np

from firstspike.golden import EncodingError, Network
from firstspike.golden.data.dataset import TEST_SHARE, Dataset, Samples, assembled
from firstspike.golden.data.images import ground_of
from firstspike.golden.data.sets import CLASSES, DATASETS, PIXELS, SOUNDS, load_dataset
from firstspike.golden.encodings.samples import is_pixels
from firstspike.golden.foreign.printable import printable
from firstspike.golden.sound.choice import COVERED, FrontEndChoice
from firstspike.golden.sound.front import MOST_FILTERS, SIZES, FrontEnd
from firstspike.golden.sound.usual import AFTER, BEFORE, FILTERS, FRAMES

from .errors import VerbError
from .options import number_option
from .output import MOST_NAME, note, say
from .places import DatasetName, InputPath

OPTIONS = ("dataset", "label", "group", "test", "test_share")
"""Parameters of a verb that `loaded` uses, in addition to `data`."""


def dataset_options(
    default: str | None = DATASETS[0], whose: str = "Take the images of this data set"
) -> Callable:
    """Add the options that `loaded` uses."""
    names = ", ".join(DATASETS)

    def decorate(command: Callable) -> Callable:
        for option in (
            click.option(
                "--test-share",
                type=click.FloatRange(0, 1, min_open=True),
                metavar="SHARE",
                help="Keep this share of each class apart as the test part, if a file has none; 1 "
                f"takes all.  [default: {TEST_SHARE}]",
            ),
            click.option(
                "--test",
                type=InputPath(exists=True),
                metavar="FILE",
                help="Take the test part of --dataset from this file.",
            ),
            click.option(
                "--group",
                metavar="COLUMN",
                help="Column of a .csv file that names groups: no group is both in the training "
                "part and in the test part.",
            ),
            click.option(
                "--label",
                metavar="COLUMN",
                help="Column of a .csv file that names the class of each row.",
            ),
            click.option(
                "--dataset",
                default=default,
                type=DatasetName(),
                metavar="NAME|FILE",
                help=f"{whose}: {names}, or your own file. It is an .npz as Keras writes it, a "
                ".csv, a .jsonl of events, or a folder of images or of recordings.",
            ),
        ):
            command = option(command)
        return command

    return decorate


REFUSE, MEDIAN = "refuse", "median"
"""Choices of `missing_option`."""

missing_option = click.option(
    "--missing",
    type=click.Choice([REFUSE, MEDIAN]),
    help="Refuse missing values of features, or take the median of the feature among the samples "
    "that are trained on; NET does so from then on.  [default: refuse]",
)


FRONT_END = ("frames", "before", "after", "n_filters")
"""Parameters of `front_end_options`, named as the fields of `FrontEndChoice`."""


def front_end_options(command: Callable) -> Callable:
    """Add the options of the front end for recordings."""
    for option in (
        number_option(
            "--filters",
            "n_filters",
            type=click.IntRange(1, MOST_FILTERS),
            help=f"Divide the frequencies of speech among N filters.  [default: {FILTERS}]",
        ),
        number_option(
            "--after",
            type=click.IntRange(*SIZES["after"]),
            help="Report a word only if the last N slots of 16 ms of its window are quiet.  "
            f"[default: {AFTER}]",
        ),
        number_option(
            "--before",
            type=click.IntRange(*SIZES["before"]),
            help=f"Report a word only after N quiet slots of 16 ms.  [default: {BEFORE}]",
        ),
        number_option(
            "--frames",
            type=click.IntRange(*SIZES["frames"]),
            help="Make pictures of words of N frames of 64 ms.  [default: as many as "
            f"{COVERED} % of the words need, at least {FRAMES}]",
        ),
    ):
        command = option(command)
    return command


def fills(options: Mapping[str, Any]) -> bool:
    """Whether `missing_option` selects medians."""
    return options.get("missing") == MEDIAN


COLUMNS = ("label", "group")


def columns_of(options: Mapping[str, Any], network: Network | None = None) -> dict[str, Any]:
    """Return the label and group columns of a table for the `meta` of a network.

    Columns without an option are those of `network`, from which the new network is derived.
    """
    named = {role: options[role] for role in COLUMNS if options[role] is not None}
    columns = _known_columns(network) | named
    return {"columns": columns} if columns else {}


def ground_in(images: Dataset) -> dict[str, str]:
    """Return the ground of the training images for the `meta` of a network.

    The result is empty if samples are not images, or if the ground is unknown.
    """
    if images.sound is not None or images.ticks or not is_pixels(images.x_train):
        return {}
    ground = ground_of(images.x_train)
    return {} if ground is None else {"ground": ground}


def _known_columns(network: Network | None) -> dict[str, str]:
    """Return the columns that a network file names; the file may come from an untrusted source."""
    known = None if network is None else network.meta.get("columns")
    if not isinstance(known, dict):
        return {}
    return {role: known[role] for role in COLUMNS if isinstance(known.get(role), str)}


def loaded(options: Mapping[str, Any], network: Network | None = None) -> Dataset:
    """Return the data set that a verb's options select; `network` defines its features and classes.

    The columns of label and group are those of the network's training, if a table has them and the
    options name none.

    Raises FirstSpike errors for a data set that is missing, damaged, or does not fit the network.
    """
    name = options["dataset"]
    if name not in DATASETS and options.get("data") is not None:
        raise click.UsageError(
            f"--data is the folder of {' and '.join(DATASETS)}: name a file by --dataset alone."
        )
    check_options(options)
    if name in DATASETS:
        check_named(name, network)
        if name in SOUNDS:
            return load_dataset(name, options.get("data"), sound=_hearing(options, network))
        return load_dataset(name, options.get("data"))
    path = Path(name)
    if not path.exists():
        raise VerbError(
            f"there is no file {name!r}, and no data set has this name: check the path, or give "
            f"one of {', '.join(DATASETS)}."
        )
    from firstspike.golden.data.readers import read

    columns = options["label"], options["group"]
    features = network.features.names if network is not None and network.features else ()
    usual = _known_columns(network)
    sound = _hearing(options, network)
    missing = fills(options)
    if network is not None:
        missing = network.features is not None and network.features.medians is not None
    train, test = read(path, *columns, features, usual, sound, missing)
    if options["test"] is not None:
        if options["test_share"] is not None:
            raise click.UsageError("Give --test or --test-share.")
        names = features or train.names
        other = read(Path(options["test"]), *columns, names, usual, sound, missing)
        test = other[1] or other[0]
    elif test is not None and options["test_share"] is not None:
        raise click.UsageError(f"{name} has a test part: leave --test-share out.")
    if network is not None:
        _check_heard(train, network)
    known: dict[str, Any] = {}
    if network is not None:
        known = {"classes": network.classes, "n_classes": network.shape[-1]}
    data = assembled(name, train, test, share=options["test_share"], **known)
    if network is not None and not data.ticks:
        parts = ((train.source, data.x_train), ((test or train).source, data.x_test))
        for source, samples in parts:
            _check_fits(source, network, samples)
    return data


def _hearing(options: Mapping[str, Any], network: Network | None) -> FrontEnd | FrontEndChoice:
    """Return the front end of a network of sound, else what `front_end_options` say about one."""
    sound = front_end(network)
    if sound is not None:
        return sound
    given = {name: options[name] for name in FRONT_END if options.get(name) is not None}
    return FrontEndChoice(**given)


def _check_heard(samples: Samples, network: Network) -> None:
    """Raise `VerbError` if samples are sound and the network takes none, or the reverse."""
    sound = front_end(network)
    if sound is None and samples.sound is not None:
        raise VerbError(_TAKES_NONE.format(samples.source))
    if sound is not None and samples.sound is None:
        raise VerbError(
            f"{samples.source} holds no sound, and this network takes sound: give it "
            f"{' or '.join(SOUNDS)}, or a folder of WAV or FLAC files."
        )


_TAKES_NONE = "{} holds sound, and this network takes none: train one on it."


def front_end(network: Network | None) -> FrontEnd | None:
    """Return the front end of a network of sound, None for any other network."""
    return None if network is None else network.sound


def _check_fits(source: str, network: Network, samples: np.ndarray) -> None:
    """Raise `VerbError`, which names the file, unless the network accepts the samples [n, ...]."""
    if len(samples):
        try:
            network.coding.fitting(network, samples)
        except EncodingError as error:
            raise VerbError(f"{source}: {error}") from None


def training_data(options: Mapping[str, Any], network: Network | None = None) -> Dataset:
    """Load a data set as `loaded` does. Raise `VerbError` if it has no samples to train on."""
    data = loaded(options, network)
    if not len(data.x_train):
        name = options["dataset"]
        if options["label"] is None and (data.y_test < 0).all():
            raise VerbError(f"{name} has no labels: name their column by --label.")
        raise VerbError(f"{name} has no samples to train on: lower --test-share.")
    return data


def tell_features(data: Dataset) -> None:
    """Print what was derived from the data: features of a table, the window of a front end.

    Warn about columns of a table that number its rows.
    """
    if data.features:
        columns = list(_columns(data.features))
        said = ", ".join(columns[:_SHOWN])
        if len(columns) > _SHOWN:
            said += f" and {len(columns) - _SHOWN} more columns"
        say(f"features  {len(data.features)}: {said}")
    if data.sound_reason:
        say(f"window    {data.sound_reason}")
    for name in data.counters:
        note(
            f"The column {printable(name, MOST_NAME)} numbers the rows: delete the column, or a "
            "network learns the order of the rows."
        )


_SHOWN = 200
"""Largest number of columns that a message names."""


def _columns(features: tuple[str, ...]) -> Iterator[str]:
    """Yield the name of each column of features, with the number of texts for a column of texts."""
    for column, named in groupby(features, lambda name: name.partition("=")[0]):
        texts = list(named)
        if len(texts) == 1:
            yield printable(texts[0], MOST_NAME)
        else:
            yield f"{printable(column, MOST_NAME)} ({len(texts)} texts)"


def check_options(options: Mapping[str, Any]) -> None:
    """Raise click.UsageError for options that require a file if the data set is a named one."""
    name = options["dataset"]
    given = [option for option in OPTIONS[1:] if options.get(option) is not None]
    if given and (name is None or name in DATASETS):
        why = "name one by --dataset" if name is None else f"{name} has its own test part"
        raise click.UsageError(f"--{given[0].replace('_', '-')} goes with a file: {why}.")


def check_named(name: str, network: Network | None) -> None:
    """Raise `VerbError` unless the network accepts the images or the sound of a named data set."""
    if network is None:
        return
    sound, classes = front_end(network), network.shape[-1]
    if sound is not None or name in SOUNDS:
        if sound is None:
            raise VerbError(_TAKES_NONE.format(name))
        if name not in SOUNDS:
            raise VerbError(
                f"{name} holds images, and this network takes sound: give a data set of sound by "
                "--dataset, or a recording by --wav."
            )
        words = SOUNDS[name].n_words
        if classes < words:
            raise VerbError(
                f"the recordings of {name} have {words} classes, and this network has {classes}: "
                "name the data that it is for by --dataset."
            )
        return
    pixels, classes = network.n_features, network.shape[-1]
    if not network.takes_pixels or pixels != PIXELS or classes < CLASSES:
        raise VerbError(
            f"the images of {name} have {PIXELS} pixels and {CLASSES} classes, this network takes "
            f"{pixels} {'pixels' if network.takes_pixels else 'features'} to {classes} classes: "
            "name the data that it is for by --dataset."
        )
