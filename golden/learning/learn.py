# SPDX-License-Identifier: BSD-2-Clause
"""Learns images one after the other: `learn` checks its arguments and runs the kernel."""

from dataclasses import astuple, fields

import numpy as np

from firstspike.golden.foreign.fields import NetworkError, array
from firstspike.golden.integer import checked_ticks, infer
from firstspike.golden.network import Network
from firstspike.golden.results import Results, RuleTrace, until

from .rule import UNLABELLED, LearningError, Settings
from .state import LearningState


def learn(
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    exact: bool = False,
    trace: bool = False,
) -> Results:
    """Learn images one after the other: each is decided by the weights that the previous ones left.

    `ticks`: int32 [n, n_rows] as `encode` returns them; `labels` [n] as `Network.output_indices`
    accepts them, or `UNLABELLED` (unless a class has the name "-1").
    `state` is updated at the end, so an interrupt leaves it unchanged. The results of an image are
    from before its own update. With `trace`, results include the hidden spikes. Raises
    `LearningError` for labels that do not fit the network, and `EncodingError` for ticks that do
    not. The weights of the results are `state.stored`.

    `exact` is an ablation without hardware support. The correction of hidden neuron h is not
    sign(p - q) but the weighted sum whose signs p and q count, in units of the mean absolute output
    weight w: delta[h] = (sum of W2[h, o] over D_plus - that over D_minus) / w, or -1 where the sum
    is 0 and the rule has -1. step * delta[h] is rounded at random to one of its neighbours with the
    right mean. For each drawn input row, one more state of the generator seeds a larger generator
    for the rounding.
    """
    outputs = labelled_outputs(state.template, labels)
    return learn_outputs(state, ticks, outputs, settings, exact, trace)


def learn_outputs(
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    exact: bool = False,
    trace: bool = False,
) -> Results:
    """Learn images as `learn` does; `labels`: int [n], indices of outputs, or `UNLABELLED`."""
    from . import kernel  # importing numba is slow

    network = state.template
    ticks = checked_ticks(network, ticks)
    labels = _checked_labels(labels, len(ticks), network.shape[-1])
    if exact and state.last_layer:
        raise LearningError("`exact` corrects hidden neurons, but only the last layer learns.")
    n = len(ticks)
    weights = tuple(weights.copy() for weights in state.weights)
    rule = RuleTrace(**{field.name: np.zeros(n, np.int32) for field in fields(RuleTrace)})
    hidden: tuple[np.ndarray, ...]
    hidden = (np.zeros((n if trace else 0, network.shape[1]), np.int32),)
    if state.last_layer:  # the hidden weights do not change, and neither do the hidden spikes
        hidden = infer(network, ticks).known_hidden()
    results = Results(
        decision=np.zeros(n, np.int32),
        tick=np.zeros(n, np.int32),
        forced=np.zeros(n, bool),
        error=np.zeros(n, np.int32),
        spikes_in=np.zeros((n, network.n_layers), np.int32),
        hidden=hidden if trace else None,
        updated=np.zeros(n, bool),
        weights=(*state.stored[: state.first_layer], *weights),
        rule=rule,
    )
    record = kernel.NetworkRecord(
        state.stored_bits, network.weight_bits, network.thresholds, network.unit, network.deadline
    )
    settings_record = kernel.SettingsRecord(*map(int, (*astuple(settings), exact)))
    filled = {name: getattr(results, name) for name in kernel.ResultsRecord._fields}
    filled |= {"hidden": hidden[-1], "rule": kernel.RuleRecord(**vars(rule))}
    to_fill = kernel.ResultsRecord(**filled)
    if state.last_layer:
        state.generator = kernel.learn_last_layer(
            hidden[-1], labels, weights[0], record, settings_record, state.generator, to_fill
        )
        for layer, spikes in enumerate((ticks, *hidden)):
            results.spikes_in[:, layer] = until(spikes, results.tick).sum(axis=1)
    else:
        state.generator = kernel.learn_images(
            ticks, labels, weights, record, settings_record, state.generator, to_fill
        )
    for stored, learned in zip(state.weights, weights, strict=True):
        stored[:] = learned
    state.done += int((labels != UNLABELLED).sum())
    return results


def labelled_outputs(network: Network, labels: np.ndarray) -> np.ndarray:
    """Return the output of each label [n], or `UNLABELLED`: int64 [n]. Raises `LearningError`."""
    try:
        labels = array("labels", labels)
        labelled = (labels != UNLABELLED) | (str(UNLABELLED) in network.classes)
        outputs = np.full(labels.shape, UNLABELLED, np.int64)
        outputs[labelled] = network.output_indices(labels[labelled])
    except NetworkError as error:
        raise LearningError(f"{str(error)[:-1]}, or {UNLABELLED} for none.") from None
    return outputs


def _checked_labels(labels: np.ndarray, n: int, classes: int) -> np.ndarray:
    """Return the labels of n images as int64 [n]. Raises `LearningError`."""
    labels = np.asarray(labels)
    integers = labels.shape == (n,) and labels.dtype.kind in "iu"
    if not integers or not np.isin(labels, np.arange(UNLABELLED, classes)).all():
        raise LearningError(
            f"the labels are {labels.dtype} {list(labels.shape)}: give one integer for each of the "
            f"{n} images, in 0..{classes - 1}, or {UNLABELLED} for none."
        )
    return labels.astype(np.int64)
