# SPDX-License-Identifier: BSD-2-Clause
"""Typical figures of MNIST digits in a network, and how an image deviates from them.

A network decides on any input. Three figures show whether the decision is reliable: how many of its
inputs spike, how late the potential of the class reaches the threshold, and by how much it then
leads the second output.
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
"""Number of bundled digits that define the typical range."""

RARE = 0.005
"""Share of the digits outside each bound."""


def takes_digits(network: Network) -> bool:
    """Whether the inputs are MNIST pixels, and the network was not trained on other data."""
    fits = network.takes_pixels and network.n_features == PIXELS
    return fits and network.shape[-1] == CLASSES and network.meta.get("dataset", "mnist") == "mnist"


@dataclass(frozen=True)
class TypicalDigits:
    """Bounds that nearly all digits satisfy."""

    fewest: float
    """Smallest share of the connected inputs that spike."""
    most: float
    latest: float
    """Latest tick of the decision."""
    lead: float
    """Smallest lead, as `leads` returns it."""

    @classmethod
    def of(cls, network: Network) -> Self:
        """Measure the bounds of a network that takes digits."""
        share, tick, lead = _figures(network, encode(network, bundled_test_set()[0][:DIGITS]))
        fewest, most = np.quantile(share, (RARE, 1 - RARE)).tolist()
        latest, least = np.quantile(tick, 1 - RARE), np.quantile(lead, RARE)
        return cls(fewest, most, float(latest), float(least))

    def remarks(self, network: Network, ticks: np.ndarray) -> list[list[str]]:
        """Return remarks on the unusual figures of each image; `ticks` are those of `encode`."""
        return [self._remarks(*one) for one in zip(*_figures(network, ticks), strict=True)]

    def _remarks(self, share: float, tick: int, lead: float) -> list[str]:
        remarks = []
        if not self.fewest <= share <= self.most:
            remarks.append(
                f"{share:.1%} of the inputs spike, of digits {self.fewest:.1%} to {self.most:.1%}"
            )
        if tick > self.latest:
            remarks.append(f"it is decided at tick {tick}, digits by {math.floor(self.latest)}")
        if lead < self.lead:
            remarks.append(
                f"the class is ahead of the next by a potential of {lead:.2f}, of digits by "
                f"{self.lead:.2f} and more"
            )
        return remarks


def _figures(network: Network, ticks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per image the share of inputs that spike, the tick of the decision, and the lead."""
    results = infer(network, ticks)
    return (ticks > 0).mean(1), results.tick, leads(network, ticks, results)


def leads(network: Network, ticks: np.ndarray, results: Results) -> np.ndarray:
    """Return M of the class minus that of the second output at the decision, float64 [n].

    The unit is threshold times z: a membrane without inputs falls by 1 while z grows by 1.
    """
    M = output_potentials(network, (ticks, *results.known_hidden())[-1], results.tick)
    first, second = np.sort(M, axis=1)[:, :-3:-1].T
    return (first - second) / (network.thresholds[-1] * network.unit)
