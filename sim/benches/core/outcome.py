# SPDX-License-Identifier: BSD-2-Clause
"""Makes results of what comes out of the ports of a core."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from firstspike.golden.results import LoggedSpike, Results
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import decision_layout, log_layout
from firstspike.hdl.layer.words import CHUNK_BITS
from firstspike.hdl.lib.layouts import unpack
from firstspike.sim.harness.runner import SimulationError


@dataclass(frozen=True, kw_only=True)
class CoreOutcome:
    """Everything that came out of the ports; images in which there was a reset are left out."""

    decisions: Sequence[tuple[int, int]]
    """(image, payload)."""
    answers: Sequence[int]
    """Payloads of the weights_read port."""
    logs: Sequence[np.ndarray]
    """Per hidden layer, where they were wanted, its spikes: (image, payload), int64 [k, 2]."""
    accepted_cycles: Sequence[int] = ()
    """The cycles in which the decisions were taken, those of images with a reset included."""
    learned: Sequence[tuple[int, int, int]] = ()
    """(image, updated, cycles) of every image that is done, if the core learns."""


def results_of(config: CoreConfig, outcome: CoreOutcome, count: int) -> Results:
    """Results of `count` images; where there was no decision, everything is 0.

    Raises SimulationError for a decision, an update or a spike of a further image, and for an error
    without a cause.
    """
    images = [image for image, *_ in (*outcome.decisions, *outcome.learned)]
    images += [int(log[:, 0].max(initial=-1)) for log in outcome.logs]
    if (latest := max(images, default=-1)) >= count:
        raise SimulationError(
            f"the core has a decision, an update or a spike of image {latest}, counted from 0, but "
            f"got only {count} images."
        )
    payloads = [0] * count
    for image, payload in outcome.decisions:
        payloads[image] = payload
    fields = unpack(decision_layout(config.layers[-1]), payloads)
    logged = len(outcome.logs) == len(config.layers) - 1
    learned: dict[str, np.ndarray] = {}
    if config.learns:
        updated, turnaround = np.zeros(count, bool), np.zeros(count, np.int64)
        for image, *what in outcome.learned:
            updated[image], turnaround[image] = what
        learned = {"updated": updated, "turnaround": turnaround}
    interval = None
    # For images that do not overlap, the interval would include the pace of the bench.
    if config.folding.overlaps and count and len(outcome.accepted_cycles) == count:
        interval = np.append(fields["cycles"][:1], np.diff(outcome.accepted_cycles))
    return Results(
        decision=fields["class"],
        tick=fields["tick"],
        forced=fields["forced"].astype(bool),
        spikes_in=np.column_stack([fields[f"spikes_in.{i}"] for i in range(len(config.layers))]),
        error=_causes(fields),
        cycles=fields["cycles"],
        apart=interval,
        logs=spike_logs(config, outcome.logs, fields["tick"]) if logged else None,
        **learned,
    )


def spike_logs(
    config: CoreConfig, logged: Sequence[np.ndarray], decided: np.ndarray
) -> list[list[LoggedSpike]]:
    """Per image the spikes of all hidden layers, of `Outcome.logs`; `decided` [n], at which tick.

    Spikes of one tick that leave together, or come of a layer that convolves, are in no order. So
    they are sorted; of the latest tick, after the decision, some may be missing: it is left out.
    """
    logs: list[list[LoggedSpike]] = [[] for _ in decided]
    for layer, log in enumerate(logged):
        images, bits = log.T
        fields = unpack(log_layout(config, layer), bits)
        folding = config.layers[layer].folding
        sends = folding.sends
        if sends == 1:
            present = np.ones((len(log), 1), bool)
            neurons = fields["neuron"][:, None]
        else:
            present, neurons = (
                np.column_stack([fields[f"banks.{bank}.{name}"] for bank in range(sends)])
                for name in ("present", "neuron")
            )
        per_image: list[list[LoggedSpike]] = [[] for _ in decided]
        for at, bank in np.argwhere(present).tolist():
            spike = layer, int(fields["tick"][at]), int(neurons[at, bank])
            per_image[int(images[at])].append(spike)
        for image, spikes in enumerate(per_image):
            if sends > 1 or folding.convolves:
                latest = spikes[-1][1] if spikes else 0
                spikes = [
                    spike
                    for tick, together in groupby(spikes, lambda spike: spike[1])
                    for spike in sorted(together)
                    if tick < max(latest, int(decided[image]))
                ]
            logs[image] += spikes
    return logs


def answers_of(outcome: CoreOutcome) -> np.ndarray:
    """Data and error flag of every answer of the weights_read port, int64 [reads, 2]."""
    answers = np.asarray(outcome.answers, np.int64)
    return np.column_stack([answers & ((1 << CHUNK_BITS) - 1), answers >> CHUNK_BITS])


def _causes(fields: Mapping[str, np.ndarray]) -> np.ndarray:
    """The causes of unpacked decisions as one integer each, 0 for no error.

    Raises SimulationError where `error` does not say the same.
    """
    causes = [fields[name] << bit for bit, name in enumerate(n for n in fields if "causes." in n)]
    error = np.sum(causes, axis=0)
    if np.any((error != 0) != fields["error"]):
        raise SimulationError("a decision has `error` without a cause, or a cause without `error`.")
    return error
