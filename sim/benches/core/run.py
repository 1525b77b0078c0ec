"""Runs a whole core in simulation: images in; decisions, spikes and clock cycles out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from firstspike.golden import Network, events
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.layouts import Kind, input_layout
from firstspike.hdl.core.ports import decision_layout, log_layout, weights_layout
from firstspike.hdl.core.words import CHUNK_BITS, weight_chunks
from firstspike.hdl.lib.layouts import pack, unpack
from firstspike.sim.harness.runner import Simulation, SimulationError
from firstspike.sim.harness.verilog import verilog_of
from firstspike.sim.scoreboard import Run, Spike

TOP = "firstspike_core"

Request = tuple[int, int, int, int]
"""Of the weight port: (write, layer, address, data)."""


@dataclass(frozen=True)
class HardwareRun(Run):
    """What the hardware reported of n images.

    Of an image without a decision, because of a reset, everything is 0.
    """

    answers: np.ndarray
    """int64 [reads, 2], data and error flag of every answer to the stimulus's requests."""


@dataclass(frozen=True, kw_only=True)
class Stimulus:
    """What is done to a core besides sending it images.

    Images are named by their number. With anything but the defaults the cycle counts are no longer
    the golden model's.
    """

    pauses: bool = False
    """Both sides of every stream pause at random."""
    decision_wait: int = 0
    """Cycles for which each decision, at least, has to wait."""
    aborts: Mapping[int, int] = field(default_factory=dict)
    """Images that are aborted, so many cycles after their last item was taken: those whose items
    are without an end. Else there is nothing to abort any more."""
    quiet_aborts: Sequence[int] = ()
    """Images before which abort is asked for while none is under way."""
    resets: Mapping[int, int] = field(default_factory=dict)
    """Images in which there is a reset, so many cycles after their first item was offered."""
    checked: bool = False
    """Read all weights back and compare them, before the first image and after the last."""
    between: Mapping[int, Sequence[Request]] = field(default_factory=dict)
    """Requests to the weight port before an image, while none is under way."""
    during: Sequence[Request] = ()
    """Requests to the weight port while images are under way."""
    after: Sequence[Request] = ()
    """Requests to the weight port after the images."""
    seed: int = 1
    """Of the pauses."""


def core_verilog(config: CoreConfig) -> str:
    """Verilog of a core with empty weight memories: one model serves all networks of a shape."""
    return verilog_of(lambda: Core(config), TOP, made_from=repr(config))


def image_items(config: CoreConfig, ticks: np.ndarray, pixels: np.ndarray | None) -> np.ndarray:
    """What one image puts into the core's input port: event payloads, or bitmap words."""
    if config.bitmap is None:
        return np.append(event_items(config, events(ticks)), end_item(config)).astype(np.int64)
    bits = (pixels > 127).astype(np.int64)
    words = -(-len(bits) // config.bitmap)
    padded = np.zeros(words * config.bitmap, np.int64)
    padded[: len(bits)] = bits
    return padded.reshape(words, config.bitmap) @ (1 << np.arange(config.bitmap, dtype=np.int64))


def event_items(config: CoreConfig, spikes: np.ndarray) -> np.ndarray:
    """Payloads of the events port for `spikes` (k, 2), (tick, row); they may be bad ones."""
    layout = input_layout(config.layers[0].folding.n_in, config.deadline)
    tick, row = np.asarray(spikes, np.int64).reshape(-1, 2).T
    return pack(layout, {"kind": Kind.SPIKE.value, "tick": tick, "address": row})


def end_item(config: CoreConfig) -> int:
    """The payload of the events port that ends an image."""
    layout = input_layout(config.layers[0].folding.n_in, config.deadline)
    return pack(layout, {"kind": Kind.END.value})


def run_items(
    network: Network,
    config: CoreConfig,
    items: Sequence[np.ndarray],
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
    waves: str | None = None,
) -> HardwareRun:
    """Put raw input items through a simulated core, image after image.

    `items`: per image what goes into the input port. Raises SimulationError, also for a weight
    that is read back wrongly.
    """
    stimulus = stimulus or Stimulus()
    chunks = list(weight_chunks(config, network))
    reads = read_requests(chunks) if stimulus.checked else []
    simulation = Simulation(core_verilog(config), TOP, simulator=simulator, waves=waves)
    results = simulation.run(
        "firstspike.sim.benches.core.bench",
        bench_parameters(config, chunks, items, stimulus) | {"hidden": len(config.layers) - 1},
        seed=stimulus.seed,
    )
    answers = data_and_error(results["answers"])
    if stimulus.checked:
        _check_read_back(chunks, answers[: len(reads)], "before the images")
        _check_read_back(chunks, answers[len(answers) - len(reads) :], "after the images")
    run = hardware_run(config, results, len(items), set(stimulus.resets))
    return HardwareRun(**run, answers=answers[len(reads) : len(answers) - len(reads)])


def simulate(
    network: Network,
    ticks: np.ndarray,
    folding: Folding,
    pixels: np.ndarray | None = None,
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
    waves: str | None = None,
) -> HardwareRun:
    """Classify images on the generated hardware, cycle by cycle.

    `ticks` int32 (n, n_rows) as from `encode`; with a bitmap in front `pixels` uint8
    (n, n_inputs) are what goes in. Raises SimulationError, NetworkError.
    """
    config = CoreConfig.of(network, folding)
    items = [
        image_items(config, ticks[image], None if pixels is None else pixels[image])
        for image in range(len(ticks))
    ]
    return run_items(network, config, items, stimulus, simulator=simulator, waves=waves)


def bench_parameters(
    config: CoreConfig,
    chunks: Sequence[tuple[int, int, int]],
    items: Sequence[np.ndarray],
    stimulus: Stimulus,
) -> dict[str, Any]:
    """What the bench of the Core is told; `chunks` are written into the weight port at first."""
    writes = [(1, *chunk) for chunk in chunks]
    reads = read_requests(chunks) if stimulus.checked else []
    asked = [*stimulus.during, *stimulus.after]
    asked += (request for before in stimulus.between.values() for request in before)
    return {
        "before": requests(config, writes + reads),
        "between": [
            (image, requests(config, before).tolist()) for image, before in stimulus.between.items()
        ],
        "during": requests(config, stimulus.during),
        "after": requests(config, [*stimulus.after, *reads]),
        "reads_before": len(reads),
        "reads": 2 * len(reads) + sum(not write for write, *_ in asked),
        "items": np.concatenate(items),
        "lengths": np.array([len(one) for one in items]),
        "port": "events" if config.bitmap is None else "words",
        "hidden": 0,  # the hidden layers whose spike log is wanted
        "pauses": stimulus.pauses,
        "decision_wait": stimulus.decision_wait,
        "aborts": list(stimulus.aborts.items()),
        "quiet_aborts": list(stimulus.quiet_aborts),
        "resets": list(stimulus.resets.items()),
    }


def read_requests(chunks: Sequence[tuple[int, int, int]]) -> list[Request]:
    """Requests to read these chunks back, (layer, address, data)."""
    return [(0, layer, address, 0) for layer, address, _ in chunks]


def data_and_error(answers: np.ndarray) -> np.ndarray:
    """Answers of the weights_read port, int64 [reads, 2]: data and error flag."""
    return np.column_stack([answers & ((1 << CHUNK_BITS) - 1), answers >> CHUNK_BITS])


def requests(config: CoreConfig, asked: Sequence[Request]) -> np.ndarray:
    """Payloads of the weights port."""
    write, layer, address, word = np.array(asked, np.int64).reshape(-1, 4).T
    return pack(
        weights_layout(config), {"write": write, "layer": layer, "address": address, "data": word}
    )


def _check_read_back(
    chunks: Sequence[tuple[int, int, int]], answers: np.ndarray, when: str
) -> None:
    """Compare what was read with what was written, (layer, address, data)."""
    for (layer, address, word), (found, error) in zip(chunks, answers.tolist(), strict=True):
        if found != word or error:
            raise SimulationError(
                f"layer {layer}, weight word {address}: read {found:#x} (error {error}) "
                f"{when}, written was {word:#x}"
            )


def hardware_run(
    config: CoreConfig, results: Mapping[str, Any], count: int, reset: set[int]
) -> dict[str, Any]:
    """The fields of a HardwareRun but its answers.

    `results`: the image and the payload, in hex, of every decision in `images` and `decisions`;
    of the spike log of each layer i the images and payloads, [k, 2], in `log_i`. `count` is that
    of the images, `reset` are those without a decision.
    """
    said = unpack(decision_layout(config), decision_payloads(results, count, reset))
    return {
        "decision": said["class"],
        "tick": said["tick"],
        "forced": said["forced"].astype(bool),
        "rows": np.column_stack([said[f"spikes_in.{i}"] for i in range(len(config.layers))]),
        "cycles": said["cycles"],
        "error": error_causes(said),
        "logs": spike_logs(config, results, count, reset),
    }


def spike_logs(
    config: CoreConfig, results: Mapping[str, Any], count: int, reset: Collection[int] = ()
) -> list[list[Spike]]:
    """Per image the spikes of all hidden layers; parameters are those of `hardware_run`."""
    logs: list[list[Spike]] = [[] for _ in range(count)]
    for layer in range(len(config.layers) - 1):
        images, bits = results[f"log_{layer}"].T
        spikes = unpack(log_layout(config, layer), bits)
        for image, tick, neuron in zip(
            images.tolist(), spikes["tick"].tolist(), spikes["neuron"].tolist(), strict=True
        ):
            if image not in reset:
                logs[image].append((layer, tick, neuron))
    return logs


def decision_payloads(results: Mapping[str, Any], count: int, reset: set[int]) -> list[int]:
    """Payloads of the decision port by image; parameters are those of `hardware_run`."""
    payloads = [0] * count
    for image, text in zip(results["images"].tolist(), results["decisions"].tolist(), strict=True):
        if image not in reset:
            payloads[image] = int(text, 16)
    return payloads


def error_causes(said: Mapping[str, np.ndarray]) -> np.ndarray:
    """The causes of unpacked decisions as one integer each, 0 for no error.

    Raises SimulationError where `error` does not say the same.
    """
    causes = [said[name] << bit for bit, name in enumerate(n for n in said if "causes." in n)]
    error = np.sum(causes, axis=0)
    if np.any((error != 0) != said["error"]):
        raise SimulationError("a decision has `error` without a cause, or a cause without `error`.")
    return error
