# SPDX-License-Identifier: BSD-2-Clause
"""Packs a standalone core, and prints how many cells of an iCE40 UP5K it takes.

    python -m docs.measurements.core_size                one lane, weights over the port
    python -m docs.measurements.core_size 2 10           lanes of each layer

The network is 784-100-10 with random weights of 4 bits and 400 connected inputs. A core has more
ports than a chip has pins. So they come from a shift register and go into another one. Each bit of
these takes a cell, which is not counted.
"""

import re
import sys

import numpy as np

from firstspike.boards.building.design import WINDOW
from firstspike.golden import Network
from firstspike.golden.system.temporary import temporary_folder
from firstspike.golden.timing.shape import CoreShape, Lanes
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.synthesis import PARTS, count_cells, write_netlist
from firstspike.hdl.flow.toolchain import run_tool
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.sim.harness.networks import network_of, random_weights

CELLS = r"ICESTORM_LC: +(\d+)/"
"""How nextpnr says what it has packed."""


def random_network(*hidden: int) -> Network:
    """A network 784-...-10 with 400 connected inputs, and weights of 4 bits."""
    rng = np.random.default_rng(1)
    sizes = (400, *hidden, 10)
    weights = random_weights(rng, sizes, -8, 8)
    inputs = np.sort(rng.permutation(784)[:400])
    thresholds = [200] * (len(sizes) - 1)
    return network_of(weights, thresholds, unit=16, deadline=96, inputs=inputs, n_inputs=784)


def cells(lanes: Lanes, network: Network, any_weights: bool) -> int:
    """Cells of the core that a build for the iCEBreaker has, as nextpnr packs them."""
    part = PARTS[0]
    shape = CoreShape(lanes, window=WINDOW, one_tick=True)
    folding = linked_folding(network, shape)
    config = CoreConfig.of(network.connected(), folding, any_weights=any_weights)
    found: list[int] = []

    def read(line: str) -> None:
        if said := re.search(CELLS, line):
            found.append(int(said[1]))

    with temporary_folder() as folder:
        write_netlist(config, part.device, folder, loaded=True)
        around = count_cells(part.device, folder / "around.json", "harness")
        words = ["--json", "design.json", "--pack-only", *part.options]
        run_tool(part.device.family.router, words, folder, read=read)
    return found[0] - around["flip-flops"]


if __name__ == "__main__":
    lanes = tuple(map(int, sys.argv[1:])) or (1, 1)
    network = random_network(*(100 for _ in lanes[1:]))
    for any_weights in (True, False):
        said = "any weights" if any_weights else "these weights"
        print(f"S and M for {said}: {cells(lanes, network, any_weights)} cells")
