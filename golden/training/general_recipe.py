# SPDX-License-Identifier: BSD-2-Clause
"""The training that suits any data: features, time series or spike times, few or many.

One recipe suits 100 samples and 60,000; it was chosen on held-out parts of four tables and of
samples in a plane.
"""

from typing import Any

from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.encodings.ticks import TICKS
from firstspike.golden.network import LARGEST
from firstspike.golden.system.specification import Changes

from .recipes import CONVOLVES, GRADED
from .specification import Training, TrainingError
from .trainer import sensible_batch

ENCODING = "levels-128"
"""Default encoding of features."""

SOUND_ENCODING, SOUND_HIDDEN = "levels-32", (200,)
"""Default encoding and hidden layers of pictures of words, chosen on held-out recordings."""

_UNIT = 32  # ticks of z = 1: with 16, times are too coarse if a decision depends on a few features
_STEPS = 3000  # of training with real weights, at least
_FEWEST = 20  # epochs
_TUNING = 10  # times as many epochs as in fine-tuning
_FEW = 1000  # samples above which weight decay is reduced: it is needed less
_LATEST = LARGEST // 6 * 6  # the last tick of samples that are spike ticks: 6 units
_INITIAL = ((0.016, 0.07), (0.02, 0.08))  # suits one to three hidden layers


def general_training(
    n: int, encoding: str | None = None, last_tick: int | None = None, **changes: Any
) -> Training:
    """Return the training for n samples of any kind; None among `changes` is no change.

    `changes` are fields of `Training`. `last_tick` is the latest tick of samples that are spike
    ticks. Raises `NetworkError` for an unknown encoding, and `TrainingError` for one that does not
    fit spike ticks.
    """
    if last_tick and encoding not in (None, TICKS):
        raise TrainingError(
            f"the samples are spike ticks, which are trained on as they are: leave the encoding "
            f"{encoding} out."
        )
    if last_tick and last_tick > _LATEST:
        raise TrainingError(f"a spike is at tick {last_tick:g}: it must be in 1..{_LATEST}.")
    encoding = TICKS if last_tick else encoding or ENCODING
    options = encoding_of(encoding).OPTIONS
    unit = -(-last_tick // 6) if last_tick else _UNIT
    steps = max(1, n // sensible_batch(n))  # per epoch
    need = min(1.0, _FEW / n)
    chosen = Changes(Training, **changes).chosen()
    values = GRADED | {
        "hidden": (100,),
        "encoding": encoding,
        "complement": "complement" in options,
        "constant": "constant" in options,
        "unit": unit,
        "deadline": round(GRADED["horizon"] * unit),
        "late": -1,
        "n_connected": None,
        "augmentation": None,
        "sparsity": 0.0,
        "smoothing": 0.03 * need,
        "weight_decay": 0.3 * need,
        "initial": _INITIAL,
        "batch": None,
        "epochs": max(_FEWEST, _STEPS // steps),
        "rate": 3e-3,
        "held_out": None,
    }
    training = (values | chosen).applied(Training())
    values |= {"fine_tuning_epochs": max(1, training.epochs // _TUNING)}
    if training.convolves:
        values |= CONVOLVES | {"constant": False, "sparsity": 0.0}
    return (values | chosen).applied(Training())


def sound_training(n: int, encoding: str | None = None, **changes: Any) -> Training:
    """Return the training for n pictures of words, as `general_training` does."""
    changes["hidden"] = SOUND_HIDDEN if changes.get("hidden") is None else changes["hidden"]
    return general_training(n, encoding or SOUND_ENCODING, **changes)
