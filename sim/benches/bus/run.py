# SPDX-License-Identifier: BSD-2-Clause
"""A core on a bus, what goes into it, and what golden says that comes out."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from firstspike.golden import Network, Results, events, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.bus_core import BusCore
from firstspike.hdl.bus.core_map import NO_ROW, core_map, decision_words
from firstspike.hdl.bus.images import PIXELS, Images
from firstspike.hdl.core.config import CoreConfig, weight_chunks
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.verilog import verilog_of

from .bench import BusOutcome, BusParameters, tag_of

TOP = "bus_core"
BENCH = "firstspike.sim.benches.bus.bench"


class BusRun:
    """A core of a network on a bus, whose weights a bench loads; it may take `pixels`."""

    def __init__(
        self,
        network: Network,
        stored_bits: int | None = None,
        pixels: bool = False,
        **folding: Any,
    ) -> None:
        self.network = network
        self.folding = Folding.of(network, CoreShape(**folding))
        self.config = CoreConfig.of(
            network, self.folding, any_weights=True, stored_bits=stored_bits
        )
        self.images = Images.of(self.config, network, pixels)
        self.map = core_map(self.config, network, any_weights=True, images=self.images)

    def run(
        self, test: str, *, simulator: str = "verilator", bench: str = BENCH, **given: Any
    ) -> BusOutcome:
        """Run a test of a bench; `given` are fields of its Parameters."""
        pixels = self.images.kind == PIXELS
        made_from = f"bus {self.config!r} {self.network.digest()} {pixels}"
        verilog = verilog_of(
            lambda: BusCore(self.config, self.network, any_weights=True, pixels=pixels),
            TOP,
            made_from=made_from,
        )
        simulation = Simulation(verilog, TOP, simulator=simulator)
        given.setdefault("weights", self.weights())
        parameters = BusParameters(map=self.map, images_bus=self.images.bus, **given)
        return simulation.run(bench, parameters, test=test, seed=parameters.seed)

    def weights(self, stored: Sequence[np.ndarray] | None = None) -> list[int]:
        """What is written into weight_data."""
        return [chunk for *_, chunk in weight_chunks(self.config, self.network, stored)]

    def frames(self, ticks: np.ndarray, pixels: np.ndarray) -> list[bytes]:
        """Return the bytes that each image sends."""
        if self.images.kind == PIXELS:
            return [row.tobytes() for row in pixels]
        if self.config.bitmap is None:
            return [
                b"".join(struct.pack("<HH", *spike) for spike in events(row).tolist())
                or struct.pack("<HH", 0, NO_ROW)
                for row in ticks
            ]
        bright = ticks > 0 if self.config.layers[0].folding.rows > 1 else pixels > 127
        return [np.packbits(row, bitorder="little").tobytes() for row in bright]

    def expected(
        self, ticks: np.ndarray, pixels: np.ndarray, tag: Callable[[int], int] = tag_of
    ) -> list[list[int]]:
        """Golden's words of each decision; `tag` gives the tag of an image."""
        inference = infer(self.network, ticks)
        count = cycles(self.network, ticks, inference, self.folding, pixels)
        return [
            self.words(inference, image, count[image], tag(image)) for image in range(len(ticks))
        ]

    def words(self, results: Results, image: int, cycles: int, tag: int) -> list[int]:
        """A decision without an error, as words."""
        what, when, *_ = decision_words(self.config)
        return [
            self.map.pack(
                what.name,
                **{"class": int(results.decision[image]), "forced": int(results.forced[image])},
            ),
            self.map.pack(
                when.name, tick=int(results.tick[image]), layers=len(self.config.layers), tag=tag
            ),
            int(cycles),
            *map(int, results.spikes_in[image]),
        ]
