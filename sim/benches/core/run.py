# SPDX-License-Identifier: BSD-2-Clause
"""Runs a whole core in simulation: images in; decisions, spikes and clock cycles out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from firstspike.golden import Network, Results
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.hdl.core.core import Core
from firstspike.sim.harness.runner import Simulation, SimulationError
from firstspike.sim.harness.verilog import verilog_of

from .items import WeightRequest, items_of
from .outcome import CoreOutcome, answers_of, results_of

TOP = "firstspike_core"


@dataclass(frozen=True, kw_only=True)
class Stimulus:
    """Disturbances and requests besides the images of a core.

    A number identifies an image. With other values than the defaults the cycle counts are no longer
    those of the golden model.
    """

    pauses: bool = False
    """Source and sink of every stream pause at random."""
    decision_wait: int = 0
    """Smallest number of cycles for which each decision waits."""
    aborts: Mapping[int, int] = field(default_factory=dict)
    """Images to abort, whose items have no end: number of cycles from the transfer of the last item
    to the abort. An image with its end cannot be aborted any more."""
    quiet_aborts: Sequence[int] = ()
    """Images before which the bench requests an abort while the core is idle."""
    resets: Mapping[int, int] = field(default_factory=dict)
    """Images with a reset: number of cycles from the offer of the first item to the reset."""
    checked: bool = False
    """Read all weights back and compare them, before the first image and after the last."""
    between: Mapping[int, Sequence[WeightRequest]] = field(default_factory=dict)
    """Requests to the weight port before an image, while none is under way."""
    during: Sequence[WeightRequest] = ()
    """Requests to the weight port while images are under way."""
    after: Sequence[WeightRequest] = ()
    """Requests to the weight port after the images."""
    seed: int = 1
    """Seed of the pauses."""


@dataclass(frozen=True, kw_only=True)
class CoreParameters:
    """Parameters for the bench of the Core."""

    config: CoreConfig
    chunks: Sequence[tuple[int, int, int]]
    """Writes to the weight port before the first image: (layer, address, data)."""
    items: Sequence[np.ndarray]
    """Payloads for the input port, an array per image."""
    stimulus: Stimulus
    logged: bool = True
    """Whether the spike logs are wanted."""


def simulate(
    network: Network,
    ticks: np.ndarray,
    folding: Folding,
    pixels: np.ndarray | None = None,
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
) -> Results:
    """Classify images on the generated hardware, cycle by cycle.

    `ticks` int32 (n, n_rows) as from `encode`; with a bitmap in front `pixels` uint8
    (n, n_inputs) are what goes in. Raises SimulationError, NetworkError.
    """
    config = CoreConfig.of(network, folding)
    items = items_of(config, ticks, pixels)
    return run_items(network, config, items, stimulus, simulator=simulator)[0]


def run_items(
    network: Network,
    config: CoreConfig,
    items: Sequence[np.ndarray],
    stimulus: Stimulus | None = None,
    *,
    simulator: str = "verilator",
) -> tuple[Results, np.ndarray]:
    """Put raw input items through a simulated core, image after image.

    `items`: per image what goes into the input port. Also returns the `answers_of` the stimulus's
    requests. Raises SimulationError, also for a weight that is read back wrongly.
    """
    stimulus = stimulus or Stimulus()
    chunks = list(weight_chunks(config, network))
    parameters = CoreParameters(config=config, chunks=chunks, items=items, stimulus=stimulus)
    outcome = run_bench("bench", parameters, simulator=simulator)
    answers, reads = answers_of(outcome), len(chunks) * stimulus.checked
    if stimulus.checked:
        _check_read_back(chunks, answers[:reads], "before the images")
        _check_read_back(chunks, answers[len(answers) - reads :], "after the images")
    return results_of(config, outcome, len(items)), answers[reads : len(answers) - reads]


def run_bench(bench: str, parameters: CoreParameters, *, simulator: str) -> CoreOutcome:
    """Run a bench of this folder, by its name, on a Core."""
    config = parameters.config
    # Weight memories are empty: one model serves all networks of a shape.
    verilog = verilog_of(lambda: Core(config), TOP, made_from=repr(config))
    simulation = Simulation(verilog, TOP, simulator=simulator)
    return simulation.run(f"{__package__}.{bench}", parameters, seed=parameters.stimulus.seed)


def _check_read_back(
    chunks: Sequence[tuple[int, int, int]], answers: np.ndarray, when: str
) -> None:
    """Compare what was read with what was written, (layer, address, data)."""
    for (layer, address, word), (data, error) in zip(chunks, answers.tolist(), strict=True):
        if data != word or error:
            raise SimulationError(
                f"layer {layer}, weight word {address}: read {data:#x} (error {error}) "
                f"{when}, written was {word:#x}"
            )
