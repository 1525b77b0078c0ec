# SPDX-License-Identifier: BSD-2-Clause
"""Plays recordings of gestures to the wires of simulated hardware, and compares with golden.

    python -m tests.support.motion_rtl gestures.npz 14

The part gives every tenth of the 140 recordings, from the first one on, until it has given so many.
The decisions and their spikes must be those of golden. It takes some ten seconds per recording.
"""

import sys
from pathlib import Path

from firstspike.golden import Network
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.benches.motion.wrist import simulate

sys.path.append(str(Path(__file__).parents[2] / "examples"))
from gestures import recordings, sensed


def main(path: str, count: int) -> None:
    """Play `count` recordings; raises SimulationError at the first difference."""
    network = Network.load(path)
    folding = Folding.of(network, CoreShape(lanes=2))
    played = [sensed(series) for series in recordings()["X"][::10][:count]]
    results = simulate(network, folding, played)
    samples = sum(map(len, played))
    said = f"{samples} samples of {len(played)} recordings"
    print(f"{said}: {len(results.decision)} decisions, none differs")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
