"""Learning on the hardware: what goes into a core that learns, and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from firstspike.golden.cycles import LearningCycles
from firstspike.golden.learning import UNLABELLED, Learned, Settings
from firstspike.golden.learning_state import LearningState
from firstspike.golden.schedule import Schedule
from firstspike.hdl.core import CoreShape, weight_chunks
from firstspike.hdl.learner import settings_layout
from firstspike.hdl.weights import CHUNK_BITS, chunks_of

from .core import TOP, core_verilog, error_causes, image_items, requests
from .payloads import pack, unpack
from .runner import Simulation


@dataclass(frozen=True)
class LearningRun:
    """What the hardware reported of n images that it learned."""

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


def settings_item(settings: Settings, seed: int = 0) -> int:
    """The payload of the settings port; `seed` is the generator's state, 0 for going on."""
    return pack(
        settings_layout(),
        {
            "step": settings.step,
            "row_draw": settings.row_draw,
            "output_draw": settings.output_draw,
            "every_competitor": int(settings.every_competitor),
            "margin.shift": settings.margin_shift,
            "margin.minimum": settings.margin_minimum,
            "seed": seed,
        },
    )


def label_items(shape: CoreShape, labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """Payloads of the labels port, for classes or UNLABELLED; they may be no classes."""
    labels = np.asarray(labels, np.int64)
    learn = (labels != UNLABELLED).astype(np.int64)
    return pack(shape.label_layout, {"learn": learn, "label": np.where(learn, labels, 0)})


def learn_on_rtl(
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings | Mapping[int, Settings],
    schedule: Schedule,
    *,
    pauses: bool = False,
    seed: int = 1,
    simulator: str = "verilator",
    pixels: np.ndarray | None = None,
) -> LearningRun:
    """Learn images on the generated hardware, cycle by cycle, from what `state` holds.

    `ticks` int32 [n, n_rows] as from `encode`, `labels` int [n], a class or UNLABELLED. `settings`
    for all images, or by the number of the image from which they hold, the first 0. With `pauses`
    all streams pause at random, from `seed`. `state` is not changed. Raises SimulationError,
    NetworkError.
    """
    network = state.network
    shape = CoreShape.of(network, schedule, stored_bits=state.stored_bits)
    chunks = list(weight_chunks(shape, network, state.weights))
    items = [
        image_items(shape, ticks[image], None if pixels is None else pixels[image])
        for image in range(len(ticks))
    ]
    if isinstance(settings, Settings):
        settings = {0: settings}
    results = Simulation(core_verilog(shape), TOP, simulator=simulator).run(
        "firstspike.sim.benches.learning",
        {
            "before": requests(shape, [(1, *chunk) for chunk in chunks]),
            "during": requests(shape, []),
            "after": requests(shape, [(0, layer, address, 0) for layer, address, _ in chunks]),
            "reads_before": 0,
            "reads": len(chunks),
            "items": np.concatenate(items),
            "lengths": np.array([len(one) for one in items]),
            "port": "events" if shape.bitmap is None else "words",
            "hidden": 0,  # the log is not wanted
            "pauses": pauses,
            "decision_wait": 0,
            "aborts": [],
            "quiet_aborts": [],
            "resets": [],
            "labels": label_items(shape, labels),
            "settings": [
                (image, settings_item(one, 0 if image else state.generator))
                for image, one in settings.items()
            ],
        },
        seed=seed,
    )
    return learning_run(
        shape,
        [int(text, 16) for text in results["decisions"].tolist()],
        results["learned"],
        results["answers"],
    )


def learning_run(
    shape: CoreShape,
    decisions: Sequence[int],
    learned: Sequence[tuple[int, int]] | np.ndarray,
    answers: Sequence[int] | np.ndarray,
) -> LearningRun:
    """From what came out: payloads of decisions, (updated, cycles), answers with all weights."""
    said = unpack(shape.decision_layout, decisions)
    updated, turnaround = np.asarray(learned).reshape(-1, 2).T
    mask = (1 << CHUNK_BITS) - 1
    return LearningRun(
        decision=said["class"],
        tick=said["tick"],
        forced=said["forced"].astype(bool),
        cycles=said["cycles"],
        error=error_causes(said),
        updated=updated.astype(bool),
        turnaround=turnaround,
        weights=weights_from(shape, [answer & mask for answer in np.asarray(answers).tolist()]),
    )


def weights_from(shape: CoreShape, chunks: Sequence[int]) -> tuple[np.ndarray, ...]:
    """Stored weights int16 [n_in, n_out] a layer, from all chunks in the order of the words."""
    found = []
    position = 0
    for layer in shape.layers:
        schedule, bits, count = layer.schedule, layer.word.elem_shape.width, chunks_of(layer)
        weights = np.zeros((schedule.n_in, schedule.groups * schedule.lanes), np.int16)
        for address in range(layer.words):
            group, row = divmod(address, schedule.n_in)
            word = sum(int(chunks[position + i]) << i * CHUNK_BITS for i in range(count))
            position += count
            for lane in range(schedule.lanes):
                weight = word >> lane * bits & ((1 << bits) - 1)
                weights[row, group * schedule.lanes + lane] = weight - (
                    (weight >> bits - 1) << bits
                )
        found.append(weights[:, : schedule.n_out])
    return tuple(found)


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
