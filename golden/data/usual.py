# SPDX-License-Identifier: BSD-2-Clause
"""Figures that digits of MNIST usually have in a network, and how an image differs from them.

A network decides whatever it is shown. Three figures tell where that means little: how many of its
inputs spike, how long the potential of the class takes to reach the threshold, and how far it is
ahead of the next one then.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from firstspike.golden.encoding import encode
from firstspike.golden.integer import infer, output_potentials
from firstspike.golden.network import Network
from firstspike.golden.results import Results

from .sets import CLASSES, PIXELS, bundled_test_set

DIGITS = 1000
"""Number of bundled digits that say what is usual."""

RARE = 0.005
"""Share of the digits beyond each bound."""


def takes_digits(network: Network) -> bool:
    """Whether its inputs are pixels as those of MNIST, and it was not trained on anything else."""
    fits = network.takes_pixels and network.n_features == PIXELS
    return fits and network.shape[-1] == CLASSES and network.meta.get("dataset", "mnist") == "mnist"


@dataclass(frozen=True)
class Usual:
    """Bounds between which nearly all digits are."""

    fewest: float
    """Share of the connected inputs that spike."""
    most: float
    latest: float
    """The tick of the decision."""
    lead: float
    """Smallest lead, as `leads` gives it."""

    @classmethod
    def of(cls, network: Network) -> Self:
        """Find what is usual in a network that takes digits."""
        share, tick, lead = _figures(network, encode(network, bundled_test_set()[0][:DIGITS]))
        fewest, most = np.quantile(share, (RARE, 1 - RARE)).tolist()
        latest, least = np.quantile(tick, 1 - RARE), np.quantile(lead, RARE)
        return cls(fewest, most, float(latest), float(least))

    def remarks(self, network: Network, ticks: np.ndarray) -> list[list[str]]:
        """Say of each image what is unusual; `ticks` are as `encode` gives them."""
        return [self._remarks(*one) for one in zip(*_figures(network, ticks), strict=True)]

    def _remarks(self, share: float, tick: int, lead: float) -> list[str]:
        found = []
        if not self.fewest <= share <= self.most:
            found.append(
                f"{share:.1%} of the inputs spike, of digits {self.fewest:.1%} to {self.most:.1%}"
            )
        if tick > self.latest:
            found.append(f"it is decided at tick {tick}, digits by {math.floor(self.latest)}")
        if lead < self.lead:
            found.append(
                f"the class is ahead of the next by a potential of {lead:.2f}, of digits by "
                f"{self.lead:.2f} and more"
            )
        return found


def _figures(network: Network, ticks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per image the share of inputs that spike, the tick of the decision, and the lead."""
    results = infer(network, ticks)
    return (ticks > 0).mean(1), results.tick, leads(network, ticks, results)


def leads(network: Network, ticks: np.ndarray, results: Results) -> np.ndarray:
    """Return M of the class less that of the next output at the decision, float64 [n].

    The unit is threshold times z: a membrane without inputs falls by 1 while z grows by 1.
    """
    M = output_potentials(network, (ticks, *results.known_hidden())[-1], results.tick)
    first, second = np.sort(M, axis=1)[:, :-3:-1].T
    return (first - second) / (network.thresholds[-1] * network.unit)
