# SPDX-License-Identifier: BSD-2-Clause
"""Describes in sentences how a network was made, from the `meta` of its file."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from firstspike.golden.foreign.printable import printable

MOST = 50
"""Largest number of facts that are printed."""


def _lookups(shares: list[float]) -> str:
    listed = ", ".join(f"{share:.2%} in layer {layer}" for layer, share in enumerate(shares))
    return f"On average an image looks up these shares of the rows: {listed}."


def _columns(columns: Mapping[str, str]) -> str:
    listed = " and ".join(f"the {role} in {name}" for role, name in columns.items())
    return f"A .csv file for it has these columns: {listed}."


def _test(part: str | float) -> str:
    if isinstance(part, str):
        return f"The test part of its data set is the file {part}."
    return f"The test part of its data set is a share of {part:g}."


SENTENCES: dict[str, Callable[[Any], str]] = {
    "command": "It was made by: {}".format,
    "dataset": "Its data set is {}.".format,
    "columns": _columns,
    "test": _test,
    "ground": "Its images have {} ground.".format,
    "recipe": "Its recipe is {}.".format,
    "seed": "Its seed is {}.".format,
    "images": "It learned {} images per epoch.".format,
    "shift": "Images were moved by up to {} pixels while it learned.".format,
    "competitors": "Outputs that it told to fire later, of those inside the margin: {}.".format,
    "stored_bits": "Its stored weights had {} bits while it learned.".format,
    "epochs": "It was trained for {} epochs.".format,
    "best_epoch": "Its weights are those after epoch {}.".format,
    "interrupted": lambda interrupted: "Its training was interrupted.",
    "seconds": "Its training took {:.0f} seconds.".format,
    "peak_memory_mb": "Its training took at most {} MB of memory.".format,
    "samples": "It had {0[0]} samples to train on, and {0[1]} to be tested by.".format,
    "held_out": "It held out {} of the samples to train on.".format,
    "training_accuracy": "It decides {:.2%} of its training samples right.".format,
    "validation_accuracy": "It decides {:.2%} of the held-out samples right.".format,
    "accuracy": "It decides {:.2%} of the test samples right.".format,
    "input_spikes": "On average {:.1f} inputs spike before the decision.".format,
    "hidden_spikes": "On average {:.1f} hidden neurons spike before the decision.".format,
    "lookups": _lookups,
    "tick": "On average the decision is at tick {:.1f}.".format,
    "forced": "{:.2%} of the decisions are forced at the deadline.".format,
    "compacted_from": lambda shape: (
        f"Before idle neurons were left out, its shape was {'-'.join(map(str, shape))}."
    ),
    "decisions_changed_by_compaction": "Without the idle neurons {} decisions changed.".format,
}
"""The sentence for each fact, in this order, by its name in the network file."""


def sentences(meta: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each fact; facts that are absent or did not happen have none.

    The file may come from an untrusted source: its names and values may be anything.
    """
    ranks = {name: rank for rank, name in enumerate(SENTENCES)}
    facts = sorted(meta.items(), key=lambda fact: ranks.get(fact[0], len(ranks)))
    for name, value in islice(facts, MOST):
        if value is not None and value is not False:
            yield printable(_sentence(name, value))
    if len(meta) > MOST:
        yield f"The file says {len(meta) - MOST} more, which --json tells."


def _sentence(name: str, value: Any) -> str:
    try:
        return SENTENCES[name](value)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError):
        return f"Its {name} is {value}."
