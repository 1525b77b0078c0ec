# SPDX-License-Identifier: BSD-2-Clause
"""Frameworks of others run exported networks, and what differs from golden is counted.

    python -m docs.nir.frameworks --images 1000

needs torch, snntorch and spikingjelly. Both read form cuba. What goes in are the spike trains
written beside the graph.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firstspike.golden import Network, bundled_test_set, encode, infer, load_network, shipped
from firstspike.golden.nir.export import graph_of, to_nir
from firstspike.golden.nir.trains import trains_of
from tests.nir.interpreter import continuous

sys.path.append(str(Path(__file__).parents[2] / "examples"))
from frameworks import snntorch, spikingjelly


@dataclass
class Verdict:
    """The differences between golden and one framework on one network."""

    images: int
    ticks: int
    """Decision ticks that differ."""
    spikes: int
    """Hidden neurons that differ in their spike, run on to the deadline, over all images."""
    neurons: int
    """How many were compared."""
    decisions: int
    """The images in which only one output was first."""
    alone: int
    """How many these are: of others M decides, which spikes do not tell."""


JUDGES = {"SpikingJelly": spikingjelly, "snnTorch": snntorch}


def judged(judge, network: Network, ticks: np.ndarray) -> Verdict:
    """Compare a framework with golden on images, spike ticks int32 [n, n_rows]."""
    graph = to_nir(graph_of(network, "cuba"))
    spikes = trains_of(network, ticks, "cuba").nodes["input"].observables["spikes"].data
    layers = []
    for layer, steps in enumerate(judge(graph, spikes)):
        first_ticks = steps[:, : network.shape[layer + 1]] + layer + 1
        none = (steps[:, : first_ticks.shape[1]] < 0) | (first_ticks > network.deadline)
        layers.append(np.where(none, 0, first_ticks))
    expected = infer(network, ticks)
    *hidden, outputs = layers
    first = np.where(outputs > 0, outputs, network.deadline + 1)
    tick = first.min(axis=1)
    forced = tick > network.deadline
    differs = (np.where(forced, network.deadline, tick) != expected.tick) | (
        forced != expected.forced
    )
    alone = ((first == tick[:, None]).sum(axis=1) == 1) & ~forced
    return Verdict(
        images=len(ticks),
        ticks=int(differs.sum()),
        spikes=sum(
            int((ours != theirs).sum())
            for ours, theirs in zip(expected.known_hidden(), hidden, strict=True)
        ),
        neurons=sum(ours.size for ours in hidden),
        decisions=int((first.argmin(axis=1) != expected.decision)[alone].sum()),
        alone=int(alone.sum()),
    )


def in_time(network: Network, ticks: np.ndarray) -> tuple[int, int]:
    """Count the decisions of form "time" that differ from golden, and those compared.

    The decisions are made in continuous time; forced decisions are left out.
    """
    graph = to_nir(graph_of(network, "time"))
    with np.errstate(divide="ignore"):
        times = np.where(ticks > 0, np.log(ticks / network.unit), np.inf)
    outputs = np.array([list(continuous(graph, image))[-1] for image in times])
    expected = infer(network, ticks)
    differs = (outputs.argmin(axis=1) != expected.decision) & ~expected.forced
    return int(differs.sum()), int((~expected.forced).sum())


def main() -> None:
    """Judge networks, the shipped ones if none is named, and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("networks", nargs="*", default=shipped())
    parser.add_argument("--images", type=int, default=1000)
    options = parser.parse_args()
    images = options.images
    for name in options.networks:
        network = load_network(name)
        ticks = encode(network, bundled_test_set()[0][:images])
        for framework, judge in JUDGES.items():
            counts = judged(judge, network, ticks)
            print(
                f"{name} in {framework}: decision ticks that differ {counts.ticks} of "
                f"{counts.images}, hidden spikes that differ {counts.spikes} of {counts.neurons}, "
                f"decisions where one output was first that differ {counts.decisions} of "
                f"{counts.alone}",
                flush=True,
            )
        if network.geometry:
            continue  # the matrix of all positions, which this solves with, is too large
        differing, compared = in_time(network, ticks)
        print(f"{name} in continuous time: decisions that differ {differing} of {compared}")


if __name__ == "__main__":
    main()
