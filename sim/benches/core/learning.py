"""Learning on the hardware: what goes into a core that learns, and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from firstspike.golden.learning.rule import UNLABELLED, Learned, Settings
from firstspike.golden.learning.state import LearningState
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import LearningCycles
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import decision_layout, label_layout
from firstspike.hdl.core.words import chunks_of, weight_chunks, weights_from_chunks
from firstspike.hdl.learner.learner import settings_layout
from firstspike.hdl.lib.layouts import pack, unpack
from firstspike.sim.harness.runner import Simulation

from .run import (
    TOP,
    Stimulus,
    bench_parameters,
    core_verilog,
    data_and_error,
    decision_payloads,
    error_causes,
    image_items,
    read_requests,
)


@dataclass(frozen=True)
class LearningRun:
    """What the hardware reported of n images that it learned.

    Of an image in which there was a reset everything is 0.
    """

    decision: np.ndarray
    """[n], the class."""
    tick: np.ndarray
    """[n], the tick of the decision."""
    forced: np.ndarray
    """[n], whether nothing fired up to the deadline."""
    cycles: np.ndarray
    """[n], clock cycles from the first event to the decision."""
    error: np.ndarray
    """[n], cause of an error, 0 for none."""
    updated: np.ndarray
    """bool [n], whether weights were changed."""
    turnaround: np.ndarray
    """[n], clock cycles from the first event until the next image could begin."""
    weights: tuple[np.ndarray, np.ndarray]
    """The stored weights at the end, read back: int16 [n_in, n_out] of both layers."""
    answers: np.ndarray
    """int64 [reads, 2], data and error flag of every answer to the stimulus's requests."""


def settings_item(settings: Settings, seed: int = 0) -> int:
    """The payload of the settings port; `seed` is the generator's state, 0 for going on."""
    return settings_layout().const(settings.registers(seed)).as_value().value


def label_items(config: CoreConfig, labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """Payloads of the labels port, for classes or UNLABELLED; they may be no classes."""
    labels = np.asarray(labels, np.int64)
    learn = (labels != UNLABELLED).astype(np.int64)
    return pack(label_layout(config), {"learn": learn, "label": np.where(learn, labels, 0)})


def learn_on_rtl(
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings | Mapping[int, Settings],
    folding: Folding,
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
    pixels: np.ndarray | None = None,
) -> LearningRun:
    """Learn images on the generated hardware, cycle by cycle, from what `state` holds.

    `ticks` int32 [n, n_rows] as from `encode`; with a bitmap in front `pixels` uint8
    [n, n_inputs] are what goes in. All else is as for `learn_items`.
    """
    config = CoreConfig.of(state.network, folding, stored_bits=state.stored_bits)
    items = [
        image_items(config, ticks[image], None if pixels is None else pixels[image])
        for image in range(len(ticks))
    ]
    return learn_items(state, config, items, labels, settings, stimulus, simulator=simulator)


def learn_items(
    state: LearningState,
    config: CoreConfig,
    items: Sequence[np.ndarray],
    labels: np.ndarray,
    settings: Settings | Mapping[int, Settings],
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
) -> LearningRun:
    """Put raw input items and labels through a core that learns, image after image.

    `items`: per image what goes into the input port. `labels` int [n], a class or UNLABELLED;
    others are offered as they are. `settings` for all images, or by the number of the image from
    which they hold, the first 0; a reset makes them, and the generator, what they are after one.
    Where there is a reset, the image's label may have been taken, or not. `stimulus.checked` is
    always the case, after the last image. `state` is not changed. Raises SimulationError,
    NetworkError.
    """
    stimulus = stimulus or Stimulus()
    chunks = list(weight_chunks(config, state.network, state.weights))
    if isinstance(settings, Settings):
        settings = {0: settings}
    reading = replace(stimulus, checked=False, after=[*stimulus.after, *read_requests(chunks)])
    results = Simulation(core_verilog(config), TOP, simulator=simulator).run(
        "firstspike.sim.benches.core.learning_bench",
        bench_parameters(config, chunks, items, reading)
        | {
            "labels": label_items(config, labels),
            "settings": [
                (image, settings_item(one, 0 if image else state.generator))
                for image, one in settings.items()
            ],
        },
        seed=stimulus.seed,
    )
    reset = set(stimulus.resets)
    learned = np.zeros((len(items), 2), np.int64)
    for image, *what in results["learned"].tolist():
        if image not in reset:
            learned[image] = what
    payloads = decision_payloads(results, len(items), reset)
    return learning_run(config, payloads, learned, results["answers"])


def learning_run(
    config: CoreConfig,
    decisions: Sequence[int],
    learned: Sequence[tuple[int, int]] | np.ndarray,
    answers: Sequence[int] | np.ndarray,
) -> LearningRun:
    """From what came out: payloads of decisions, (updated, cycles), answers, last all weights."""
    said = unpack(decision_layout(config), decisions)
    updated, turnaround = np.asarray(learned).reshape(-1, 2).T
    answers = data_and_error(np.asarray(answers, np.int64))
    asked = len(answers) - sum(layer.words * chunks_of(layer) for layer in config.layers)
    return LearningRun(
        decision=said["class"],
        tick=said["tick"],
        forced=said["forced"].astype(bool),
        cycles=said["cycles"],
        error=error_causes(said),
        updated=updated.astype(bool),
        turnaround=turnaround,
        weights=weights_from_chunks(config, answers[asked:, 0].tolist()),
        answers=answers[:asked],
    )


def learning_differences(
    state: LearningState,
    learned: Learned,
    cycles: LearningCycles | None,
    run: LearningRun,
) -> Iterator[str]:
    """Every way in which `run` differs from golden; `state` is golden's afterwards.

    Without `cycles`, golden's prediction, they are not compared.
    """
    counted = (run.cycles, run.turnaround)
    if cycles is not None:
        counted = (cycles.decision, cycles.turnaround)
    for what, ours, theirs in (
        ("decision", learned.decision, run.decision),
        ("tick", learned.tick, run.tick),
        ("forced", learned.forced, run.forced),
        ("error", np.zeros_like(run.error), run.error),
        ("updated", learned.updated, run.updated),
        ("cycles", counted[0], run.cycles),
        ("turnaround", counted[1], run.turnaround),
    ):
        for image in np.flatnonzero(np.asarray(ours) != np.asarray(theirs)).tolist():
            yield f"image {image}: {what} {theirs[image]}, golden has {ours[image]}"
    for layer, (ours, theirs) in enumerate(zip(state.weights, run.weights, strict=True)):
        for row, neuron in np.argwhere(ours != theirs).tolist():
            yield (
                f"weight of layer {layer}, row {row}, neuron {neuron}: {theirs[row, neuron]}, "
                f"golden has {ours[row, neuron]}"
            )


def take_over(
    state: LearningState, learned: Learned, cycles: LearningCycles, run: LearningRun
) -> tuple[int, int]:
    """Give the state, golden's after all images, the weights that the hardware has.

    Returns in how many ways the hardware differs from golden, and how many of them are weights.
    """
    differences = sum(1 for _ in learning_differences(state, learned, cycles, run))
    weights_differ = 0
    for golden, hardware in zip(state.weights, run.weights, strict=True):
        weights_differ += int((golden != hardware).sum())
        golden[:] = hardware
    return differences, weights_differ
