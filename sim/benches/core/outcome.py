"""What comes out of the ports of a core, as results and answers.

An outcome is what a bench reports: the image and the payload, in hex, of every decision in `images`
and `decisions`; of the spike log of each layer i the images and payloads, [k, 2], in `log_i`; of
every image that is done (image, updated, cycles), [k, 3], in `learned`; and in `answers` the
payloads of the weights_read port. A bench may leave the logs out, and of a core that does not learn
`learned`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from firstspike.golden.results import LoggedSpike, Results
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import decision_layout, log_layout
from firstspike.hdl.core.words import CHUNK_BITS
from firstspike.hdl.lib.layouts import unpack
from firstspike.sim.harness.runner import SimulationError


def results_of(
    config: CoreConfig, outcome: Mapping[str, Any], count: int, reset: Collection[int] = ()
) -> Results:
    """Results of `count` images; of those in `reset`, which have no decision, everything is 0."""
    payloads = [0] * count
    for image, text in zip(outcome["images"].tolist(), outcome["decisions"].tolist(), strict=True):
        if image not in reset:
            payloads[image] = int(text, 16)
    said = unpack(decision_layout(config), payloads)
    hidden = len(config.layers) - 1
    logged = all(f"log_{layer}" in outcome for layer in range(hidden))
    return Results(
        decision=said["class"],
        tick=said["tick"],
        forced=said["forced"].astype(bool),
        spikes_in=np.column_stack([said[f"spikes_in.{i}"] for i in range(len(config.layers))]),
        error=_causes(said),
        cycles=said["cycles"],
        logs=spike_logs(config, outcome, count, reset) if logged else None,
        **_learned(outcome["learned"], count, reset) if config.learns else {},
    )


def spike_logs(
    config: CoreConfig, outcome: Mapping[str, Any], count: int, reset: Collection[int] = ()
) -> list[list[LoggedSpike]]:
    """Per image the spikes of all hidden layers; none of images in `reset`."""
    logs: list[list[LoggedSpike]] = [[] for _ in range(count)]
    for layer in range(len(config.layers) - 1):
        images, bits = outcome[f"log_{layer}"].T
        spikes = unpack(log_layout(config, layer), bits)
        for image, tick, neuron in zip(
            images.tolist(), spikes["tick"].tolist(), spikes["neuron"].tolist(), strict=True
        ):
            if image not in reset:
                logs[image].append((layer, tick, neuron))
    return logs


def answers_of(outcome: Mapping[str, Any]) -> np.ndarray:
    """Data and error flag of every answer of the weights_read port, int64 [reads, 2]."""
    answers = np.asarray(outcome["answers"], np.int64)
    return np.column_stack([answers & ((1 << CHUNK_BITS) - 1), answers >> CHUNK_BITS])


def _learned(updates: np.ndarray, count: int, reset: Collection[int]) -> dict[str, np.ndarray]:
    updated, turnaround = np.zeros(count, bool), np.zeros(count, np.int64)
    for image, *what in np.asarray(updates).tolist():
        if image not in reset:
            updated[image], turnaround[image] = what
    return {"updated": updated, "turnaround": turnaround}


def _causes(said: Mapping[str, np.ndarray]) -> np.ndarray:
    """The causes of unpacked decisions as one integer each, 0 for no error.

    Raises SimulationError where `error` does not say the same.
    """
    causes = [said[name] << bit for bit, name in enumerate(n for n in said if "causes." in n)]
    error = np.sum(causes, axis=0)
    if np.any((error != 0) != said["error"]):
        raise SimulationError("a decision has `error` without a cause, or a cause without `error`.")
    return error
