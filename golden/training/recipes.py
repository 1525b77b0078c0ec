# SPDX-License-Identifier: BSD-2-Clause
"""Training recipes: named parameters of `Trainer` that reach the figures of docs/figures.md.

`sparse` trains the shipped networks. `plain` and `noisy` repeat the table of Mostafa (2017) with
our own cost and noise, since those of the article are not published: `plain` trains on the
unchanged binarised pixels, `noisy` inverts each pixel with a probability of 5 % anew in every
epoch. `deep`, `accurate` and `robust` take grey levels and aim at accuracy, not at few spikes.
`deep` has two hidden layers, for digits. `accurate` is for pictures that are not mostly dark: each
pixel has a second input, which spikes early for a dark pixel, since dark pixels carry information,
too. Both fit an ECP5-85F. `robust` is for noisy pixels. `conv` has convolving layers with few
weights.
"""

from functools import partial
from typing import Any

from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.system.specification import Changes

from .augment import Augmentation
from .specification import Training

_changes = partial(Changes, Training)

_SPARSE = _changes(fine_tuning_epochs=10, sparsity=2.3e-4, revival=0.02)
_PLAIN = _changes(
    hidden=(800,),
    n_connected=None,
    epochs=30,
    fine_tuning_epochs=3,
    sparsity=3e-4,
    augmentation=None,
)
_FLIPS = Augmentation(rotation=0, scale=0, shear=0, shift=0, elastic=0, brightness=0, flip=0.05)
_NOISY = _PLAIN | _changes(epochs=45, fine_tuning_epochs=5, sparsity=2.8e-4, augmentation=_FLIPS)

#: Common parameters of the recipes for accuracy
_CAREFUL = _changes(fine_tuning_rate=3e-4, sparsity=0.0, smallest_slope=3.0, smoothing=0.05)
_ACCURATE = _CAREFUL | _changes(
    hidden=(420,),
    encoding="levels-16",
    complement=True,
    late=-1,
    weight_bits=4,
    n_connected=None,
    epochs=28,
    fine_tuning_epochs=3,
    rate=2.5e-3,
    weight_decay=0.02,
    augmentation=Augmentation(
        rotation=0.03, scale=0.05, shear=0.03, shift=0.8, elastic=0, brightness=0.05, share=0.6
    ),
)
_DEEP = _CAREFUL | _changes(
    hidden=(400, 400),
    encoding="levels-4",
    epochs=80,
    fine_tuning_epochs=5,
    weight_decay=0.1,
    augmentation=Augmentation(
        rotation=0.15, scale=0.1, shear=0.1, elastic=0.6, brightness=0.2, share=0.9
    ),
)
_ROBUST = _CAREFUL | _changes(
    encoding="levels-4",
    epochs=60,
    fine_tuning_epochs=4,
    weight_decay=0.15,
    augmentation=Augmentation(
        rotation=0.12, scale=0.08, shear=0.08, elastic=0.5, brightness=0.15, share=0.9, flip=0.03
    ),
)

_CONV = _changes(
    hidden=("32c5s2", "60c5s2"), epochs=100, fine_tuning_epochs=5, fine_tuning_rate=3e-4
)

#: Changes of `Training`, whose defaults hold otherwise, by recipe
RECIPES = {
    "sparse": _SPARSE,
    "plain": _PLAIN,
    "noisy": _NOISY,
    "deep": _DEEP,
    "accurate": _ACCURATE,
    "robust": _ROBUST,
    "conv": _CONV,
}

STRICT = "strict"
"""Recipe for recordings, with `extend_words(..., strict=True)`; it changes no field."""

#: Changes for pixels that spike at several times, up to z = 6. Dark pixels spike at the end, so
#: that the final slope of a neuron is the sum of all its weights. Neurons have more time.
GRADED = _changes(
    late=96,
    horizon=12.0,
    phantom=11.0,
    deadline=192,
    beta=6.0,
    clip=20.0,
    initial=((0.012, 0.06), (0.02, 0.05)),
)
_GRADED_SPARSE = _changes(
    n_connected=None,
    epochs=80,
    fine_tuning_epochs=4,
    rate=6e-4,
    fine_tuning_rate=2e-4,
    sparsity=0.0,
    revival=0.0,
    augmentation=Augmentation(
        rotation=0.03, scale=0.05, shear=0.03, shift=0.8, elastic=0, brightness=0.05
    ),
)

#: Neurons must not be revived if they can be removed, and fewer neurons easily become too sparse
_COMPACT_SPARSE = _changes(revival=0.0, sparsity=1.5e-4)

#: Changes for several hidden layers: the first must be early to leave time for the others
DEEP = _changes(initial=((0.02, 0.08), (0.02, 0.16)))


#: Changes for convolving layers: weights are few, and each has many neurons
CONVOLVES = _changes(
    n_connected=None,
    initial=((0.0064, 0.0536), (0.0133, 0.0816)),
    sparsity=2e-5,
    revival=0.02,
)


def recipe(name: str, encoding: str | None = None, **changes: Any) -> Training:
    """Return the training of a recipe; None is the recipe's encoding, or no change.

    `changes` are fields of `Training`. Raises `KeyError` for an unknown recipe, `NetworkError` for
    an unknown encoding, and `TrainingError`.
    """
    encoding = encoding or RECIPES[name].get("encoding", "binary")
    values = RECIPES[name] | {"encoding": encoding}
    if encoding_of(encoding).levels != 2:
        values = GRADED | values | (_GRADED_SPARSE if name == "sparse" else {})
    if name == "sparse" and changes.get("compact"):
        values |= _COMPACT_SPARSE
    chosen = _changes(**changes).chosen()
    values |= chosen
    training = values.applied(Training())
    if training.convolves:
        values |= CONVOLVES | chosen
    elif len(training.hidden) > 1:
        values = DEEP | values
    return values.applied(Training())
