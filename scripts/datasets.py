# SPDX-License-Identifier: BSD-2-Clause
"""Finds the data set for a verb: a named one, or a file of the user."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import click

from firstspike.golden import DataError, EncodingError, Network
from firstspike.golden.data.dataset import TEST_SHARE, Dataset, Samples, assembled
from firstspike.golden.data.images import ground_of
from firstspike.golden.data.sets import CLASSES, DATASETS, PIXELS, SOUNDS, load_dataset
from firstspike.golden.data.split import SplitError
from firstspike.golden.encodings.samples import SampleKind, is_pixels
from firstspike.golden.foreign.printable import printable
from firstspike.golden.sound.choice import COVERED, FrontEndChoice
from firstspike.golden.sound.defaults import AFTER, BEFORE, FILTERS, FRAMES
from firstspike.golden.sound.front import MOST_FILTERS, MOST_QUIET, MOST_WINDOW
from firstspike.golden.system.errors import convert_errors, remedy
from firstspike.golden.system.specification import Changes, check, parameter

from .errors import VerbError
from .options import Choice, Decorator, options_of, several
from .output import MOST_NAME, counted, note, say
from .paths import DatasetName, InputPath, Named

REFUSE, MEDIAN = "refuse", "median"
"""Choices of `Data.missing`."""

_FRAMES = f"as many as {COVERED} % of the words need, at least {FRAMES}"
_MISSING = Choice([REFUSE, MEDIAN])


class TestPart(InputPath):
    """A file with the test part, or the share of the samples that becomes the test part."""

    @staticmethod
    def share(value: str | None) -> float | None:
        """Return the share that a value is; None for the name of a file."""
        try:
            return float(value or "")
        except ValueError:
            return None

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check the range of a share, and that a file exists."""
        share = self.share(value)
        if share is not None and not 0 < share < 1:
            self.fail(
                f"{value!r} is not a share between 0 and 1: give one, or a file to test on.",
                param,
                ctx,
            )
        return super().convert(value, param, ctx) if share is None else value

    def read(self, value: str) -> Iterable[Named]:
        """Return the file; nothing for a share."""
        return [] if self.share(value) is not None else [value]


@dataclass(frozen=True, kw_only=True)
class Data:
    """The data that a verb reads. Raises `DataError` for a value out of its range.

    Parameters
    ----------
    dataset
        A named data set, or a file or folder.
    label
        Column of a .csv file that names the class of each row.
    group
        Column of a .csv file that names groups: no group is both in the training part and in the
        test part.
    test
        Take the test part of --dataset from this file, or keep this share of each class apart as
        the test part, if --dataset has none.
    missing
        Refuse missing values of features, or take the median of the feature among the samples that
        are trained on; NET does so from then on.
    frames
        Make each spoken word a picture of N frames of 64 ms (4 slots).
    before
        Report a word only after N quiet slots of 16 ms.
    after
        Report a word only if the last N slots of 16 ms of its window are quiet.
    n_filters
        Divide the frequencies of speech among N filters.
    """

    dataset: str | None = parameter(DATASETS[0], "--dataset NAME|FILE", kind=DatasetName())
    label: str | None = parameter(None, "--label COLUMN")
    group: str | None = parameter(None, "--group COLUMN")
    test: str | None = parameter(
        None, "--test FILE|SHARE", kind=TestPart(exists=True), usual=str(TEST_SHARE)
    )
    missing: str | None = parameter(None, "--missing", kind=_MISSING, usual=REFUSE)
    frames: int | None = parameter(None, "--frames N", low=1, high=MOST_WINDOW, usual=_FRAMES)
    before: int = parameter(BEFORE, "--before N", low=0, high=MOST_QUIET)
    after: int = parameter(AFTER, "--after N", low=0, high=MOST_QUIET)
    n_filters: int = parameter(FILTERS, "--filters N", low=1, high=MOST_FILTERS)

    def __post_init__(self) -> None:
        check(self, DataError)

    @property
    def files(self) -> Iterator[Named]:
        """The files and folders that the data set is read from."""
        if self.dataset is not None:
            yield from DatasetName().read(self.dataset)
        if self.test is not None:
            yield from TestPart().read(self.test)

    @property
    def test_part(self) -> str | float | None:
        """The file with the test part, or the share of each class that becomes the test part."""
        share = TestPart.share(self.test)
        return self.test if share is None else share

    @property
    def fills(self) -> bool:
        """Whether medians replace missing values."""
        return self.missing == MEDIAN

    @property
    def front_end(self) -> FrontEndChoice:
        """What is chosen of the front end for recordings."""
        return FrontEndChoice(self.frames, self.before, self.after, self.n_filters)

    @property
    def columns(self) -> dict[str, str]:
        """The columns of label and group that are named."""
        named = {role: getattr(self, role) for role in COLUMNS}
        return {role: name for role, name in named.items() if name is not None}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """Return the data that a state file names."""
        return Changes.read(cls, stored).applied(cls())


FILE_ONLY = ("label", "group", "test")
"""Fields of `Data` that require a file."""

missing_option = options_of(Data, "missing")
front_end_options = options_of(Data, "frames", "before", "after", "n_filters")


def dataset_option(
    default: str | None = None, whose: str = "Take the test images of this data set"
) -> Decorator:
    """Add the option --dataset, whose help begins with `whose`."""
    meaning = (
        f"{whose}: {', '.join(DATASETS)}, or your own file. It is an .npz as Keras writes it, a "
        ".csv, a .jsonl of events, or a folder of images or of recordings."
    )
    return options_of(Data, "dataset", default=default, help=meaning)


file_options = options_of(Data, *FILE_ONLY)
training_options = several(
    file_options, dataset_option(DATASETS[0], "Take the images of this data set")
)
"""Adds the options for a data set to train on; the network file stores the named columns."""

COLUMNS = ("label", "group")
USUAL = {"label": "label"}
"""Column of the class of each row, if a network does not name it."""


def recorded(data: Data, network: Network | None = None) -> dict[str, Any]:
    """Return columns of a table, and its test part, for the `meta` of a network.

    Columns that are not named are those of `network`, from which the new network is derived; so is
    the test part.
    """
    columns = _known_columns(network) | data.columns
    part = data.test_part or _known_part(network)
    return ({"columns": columns} if columns else {}) | ({"test": part} if part else {})


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


def _known_part(network: Network | None) -> str | float | None:
    """Return the share, or the name of the file, of the test part that a network file records."""
    known = None if network is None else network.meta.get("test")
    if isinstance(known, float | int) and 0 < known <= 1:
        return float(known)
    return known if isinstance(known, str) else None


def loaded(data: Data, network: Network | None = None, part: str = "training") -> Dataset:
    """Return a data set; `network` defines its features and classes.

    The columns of label and group, and the share of the test part, are those of the network's
    training, if a table has the columns and `data` names no other. `part` is the part that is used:
    training; learning, which takes all samples if `data` requests no test part and the default one
    cannot be split off; test; or all, which becomes the test part unless the file has one.

    Raises FirstSpike errors for a data set that is missing, damaged, or does not fit the network.
    """
    name = data.dataset or DATASETS[0]
    check_options(data)
    sound = (None if network is None else network.sound) or data.front_end
    if name in DATASETS:
        check_named(name, network)
        if name in SOUNDS:
            return load_dataset(name, sound=sound)
        return load_dataset(name)
    path = Path(name)
    if not path.exists():
        raise VerbError(
            f"there is no file {name!r}, and no data set has this name: "
            f"{remedy(name, DATASETS, 'check the path, or give one of')}"
        )
    from firstspike.golden.data.readers import read

    columns = data.label, data.group
    features = network.features.names if network is not None and network.features else ()
    usual, missing = {}, data.fills
    if network is not None:
        usual = ({} if "label" in features else USUAL) | _known_columns(network)
        missing = network.features is not None and network.features.medians is not None
    train, test = read(path, *columns, features, usual, sound, missing)
    if isinstance(data.test_part, str):
        names = features or train.names
        other = read(Path(data.test_part), *columns, names, usual, train.sound or sound, missing)
        test = other[1] or other[0]
    elif test is not None and data.test_part is not None:
        raise click.UsageError(f"{name} has a test part: leave --test {data.test_part} out.")
    for read_part in filter(None, (train, test)):
        if silent := read_part.silent:
            note(
                f"{len(silent)} of {len(silent) + len(read_part.x)} recordings of "
                f"{read_part.source} are left out, because no word is heard in them: "
                f"{', '.join(silent)}.",
                most=None,
            )
    share = 1.0 if part == "all" else data.test_part or _known_part(network)
    if isinstance(share, str):
        if part == "test" and test is None and train.labels is not None:
            raise VerbError(
                f"{name} has no test part, and that of the network's training is the file "
                f"{printable(share, MOST_NAME)}: give the samples of a file by --input."
            )
        share = None
    known: dict[str, Any] = {}
    if network is not None:
        _check_sound(train, network)
        for read_part in filter(None, (train, test)):
            _check_fits(read_part, network)
        known = {"classes": network.classes, "n_classes": network.shape[-1]}
    try:
        return assembled(name, train, test, share=share, **known)
    except SplitError as error:
        if part != "learning" or data.test is not None:
            raise
        note(f"{error} Without --test, learning takes all samples, and has no test accuracy.")
        return assembled(name, train, test, share=0, **known)


def _check_sound(samples: Samples, network: Network) -> None:
    """Raise `VerbError` if samples are sound and the network takes none, or the reverse."""
    sound = network.sound
    if sound is None and samples.sound is not None:
        raise VerbError(_TAKES_NONE.format(samples.source))
    if sound is not None and samples.sound is None:
        raise VerbError(
            f"{samples.source} holds no sound, and this network takes sound: give it "
            f"{' or '.join(SOUNDS)}, or a folder of WAV or FLAC files."
        )


_TAKES_NONE = "{} holds sound, and this network takes none: train one on it."


def _check_fits(samples: Samples, network: Network) -> None:
    """Raise `VerbError`, which names the file, unless the network accepts the samples."""
    if samples.ticks:
        if network.takes is not SampleKind.TICKS:
            takes = "pixels" if network.takes_pixels else "features"
            raise VerbError(
                f"{samples.source} holds events, and this network takes {takes}: give those, or "
                "give the events to `firstspike run --input`."
            )
    else:
        with convert_errors(VerbError, f"{samples.source}: ", EncodingError):
            network.coding.fitting(network, samples.x)


def training_data(data: Data, network: Network | None = None, part: str = "training") -> Dataset:
    """Load a data set as `loaded` does. Raise `VerbError` if it has no samples to train on."""
    data_set = loaded(data, network, part)
    if not len(data_set.x_train):
        if data.label is None and (data_set.y_test < 0).all():
            raise VerbError(f"{data.dataset} has no labels: name their column by --label.")
        raise VerbError(f"{data.dataset} has no samples to train on: lower the share of --test.")
    if data_set.sound is None and data.front_end != Data().front_end:
        raise VerbError(
            f"{data.dataset} holds no recordings: leave --frames, --before, --after and --filters "
            "out."
        )
    return data_set


def tell_features(data: Dataset) -> None:
    """Print what was derived from the data: features of a table, the window of a front end.

    Warn about columns of a table that number its rows.
    """
    if data.features:
        columns = list(_columns(data.features))
        listed = ", ".join(columns[:_SHOWN])
        if len(columns) > _SHOWN:
            listed += f" and {len(columns) - _SHOWN} more columns"
        say(f"features  {len(data.features)}: {listed}")
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


def check_options(data: Data) -> None:
    """Raise click.UsageError for fields that require a file if the data set is a named one."""
    name = data.dataset
    used = [field for field in FILE_ONLY if getattr(data, field) is not None]
    if used and (name is None or name in DATASETS):
        why = "name one by --dataset" if name is None else f"{name} has its own test part"
        raise click.UsageError(f"--{used[0].replace('_', '-')} goes with a file: {why}.")


def check_named(name: str, network: Network | None) -> None:
    """Raise `VerbError` unless the network accepts the images or the sound of a named data set."""
    if network is None:
        return
    sound, classes = network.sound, network.shape[-1]
    if sound is not None or name in SOUNDS:
        if sound is None:
            raise VerbError(_TAKES_NONE.format(name))
        if name not in SOUNDS:
            raise VerbError(
                f"{name} holds images, and this network takes sound: give a data set of sound by "
                "--dataset, or a recording by --input."
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
            f"{counted(pixels, 'pixel' if network.takes_pixels else 'feature')} to "
            f"{counted(classes, 'class')}: name the data that it is for by --dataset."
        )
