# SPDX-License-Identifier: BSD-2-Clause
"""Learning on the hardware in simulation: what goes into a core that learns, and what comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from firstspike.golden import LearningState, Results, Settings
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig, weight_chunks, weights_from_chunks

from .items import items_of, label_items, read_requests, settings_item
from .outcome import answers_of, results_of
from .run import CoreParameters, Stimulus, run_bench


@dataclass(frozen=True, kw_only=True)
class LearningParameters(CoreParameters):
    """Further parameters for the bench of a Core that learns."""

    labels: Sequence[int]
    """An item of the labels port for every image."""
    settings: Mapping[int, int]
    """Items of the settings port, by the image from which they hold."""


def learn_on_rtl(
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings | Mapping[int, Settings],
    folding: Folding,
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
) -> Results:
    """Learn images on the generated hardware, cycle by cycle, from what `state` holds.

    `ticks` int32 [n, n_rows], as `encode` makes them, go in as events. `learn_items` says the rest.
    """
    config = CoreConfig.of(state.network, folding, stored_bits=state.stored_bits)
    items = items_of(config, ticks)
    return learn_items(state, config, items, labels, settings, stimulus, simulator=simulator)[0]


def learn_items(
    state: LearningState,
    config: CoreConfig,
    items: Sequence[np.ndarray],
    labels: np.ndarray,
    settings: Settings | Mapping[int, Settings],
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
) -> tuple[Results, np.ndarray]:
    """Put raw input items and labels through a core that learns, image after image.

    `items`: per image what goes into the input port. `labels` int [n], a class or UNLABELLED;
    others are offered as they are. `settings` for all images, or by the number of the image from
    which they hold, the first 0; a reset makes them, and the generator, what they are after one.
    The core may or may not have accepted the label of an image that a reset interrupts.
    `stimulus.checked` is always the case, after the last image. `state` is not changed. Also
    returns the `answers_of` the stimulus's requests. Raises SimulationError, NetworkError.
    """
    stimulus = stimulus or Stimulus()
    chunks = list(weight_chunks(config, state.network, state.weights))
    if isinstance(settings, Settings):
        settings = {0: settings}
    reads = read_requests(chunks)
    parameters = LearningParameters(
        config=config,
        chunks=chunks,
        items=items,
        stimulus=replace(stimulus, checked=False, after=[*stimulus.after, *reads]),
        logged=False,
        labels=label_items(config, labels).tolist(),
        settings={
            image: settings_item(one, 0 if image else state.generator)
            for image, one in settings.items()
        },
    )
    outcome = run_bench("learning_bench", parameters, simulator=simulator)
    answers = answers_of(outcome)
    read_count = len(answers) - len(chunks)
    weights = weights_from_chunks(config, answers[read_count:, 0].tolist())
    return replace(results_of(config, outcome, len(items)), weights=weights), answers[:read_count]
