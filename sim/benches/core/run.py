"""Runs a whole core in simulation: images in; decisions, spikes and clock cycles out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from firstspike.golden import Network, Results
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.words import weight_chunks
from firstspike.sim.harness.runner import Simulation, SimulationError
from firstspike.sim.harness.verilog import verilog_of

from .items import Request, items_of, read_requests, requests
from .outcome import answers_of, results_of

TOP = "firstspike_core"


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


def simulate(
    network: Network,
    ticks: np.ndarray,
    folding: Folding,
    pixels: np.ndarray | None = None,
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
    waves: str | None = None,
) -> Results:
    """Classify images on the generated hardware, cycle by cycle.

    `ticks` int32 (n, n_rows) as from `encode`; with a bitmap in front `pixels` uint8
    (n, n_inputs) are what goes in. Raises SimulationError, NetworkError.
    """
    config = CoreConfig.of(network, folding)
    items = items_of(config, ticks, pixels)
    return run_items(network, config, items, stimulus, simulator=simulator, waves=waves)[0]


def run_items(
    network: Network,
    config: CoreConfig,
    items: Sequence[np.ndarray],
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
    waves: str | None = None,
) -> tuple[Results, np.ndarray]:
    """Put raw input items through a simulated core, image after image.

    `items`: per image what goes into the input port. Also returns the `answers_of` the stimulus's
    requests. Raises SimulationError, also for a weight that is read back wrongly.
    """
    stimulus = stimulus or Stimulus()
    chunks = list(weight_chunks(config, network))
    outcome = run_bench(
        "firstspike.sim.benches.core.bench",
        config,
        chunks,
        items,
        stimulus,
        {"hidden": len(config.layers) - 1},
        simulator=simulator,
        waves=waves,
    )
    answers, reads = answers_of(outcome), len(chunks) * stimulus.checked
    if stimulus.checked:
        _check_read_back(chunks, answers[:reads], "before the images")
        _check_read_back(chunks, answers[len(answers) - reads :], "after the images")
    results = results_of(config, outcome, len(items), set(stimulus.resets))
    return results, answers[reads : len(answers) - reads]


def run_bench(
    bench: str,
    config: CoreConfig,
    chunks: Sequence[tuple[int, int, int]],
    items: Sequence[np.ndarray],
    stimulus: Stimulus,
    more: Mapping[str, Any],
    *,
    simulator: str,
    waves: str | None = None,
) -> dict[str, Any]:
    """Run a bench of the Core; returns its outcome.

    `chunks` are written into the weight port at first; `more` is what else the bench is told.
    """
    # Weight memories are empty: one model serves all networks of a shape.
    verilog = verilog_of(lambda: Core(config), TOP, made_from=repr(config))
    writes = [(1, *chunk) for chunk in chunks]
    reads = read_requests(chunks) if stimulus.checked else []
    asked = [*stimulus.during, *stimulus.after]
    asked += (request for before in stimulus.between.values() for request in before)
    parameters = {
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
    simulation = Simulation(verilog, TOP, simulator=simulator, waves=waves)
    return simulation.run(bench, parameters | dict(more), seed=stimulus.seed)


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
