# SPDX-License-Identifier: BSD-2-Clause
"""Plays recordings of gestures to the wires of simulated hardware, and compares with golden.

    python -m docs.measurements.motion_rtl gestures.npz 14
    python -m docs.measurements.motion_rtl gestures.npz 14 BUILD

The part gives every tenth of the 140 recordings, from the first one on, until it has given so many.
The decisions and their spikes must be those of golden. It takes some ten seconds per recording.

BUILD is the folder of `firstspike build gestures.npz --board icebreaker --sensor lsm6dso`. Then its
netlist gets all recordings without a pause between them, and every line of its text must be
golden's. The simulation takes some minutes per recording.
"""

import sys
from pathlib import Path

import numpy as np

from firstspike.boards.building.bitstream import WEIGHTS
from firstspike.golden import Network
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from tests.blocks.test_watcher import simulate
from tests.support.desk import netlist_motion_desk

from .desk import flash_address

sys.path.append(str(Path(__file__).parents[2] / "examples"))
from gestures import recordings, sensed


def main(path: str, count: int, build: str | None = None) -> None:
    """Play `count` recordings; raises SimulationError at the first difference."""
    network = Network.load(path)
    played = [sensed(series) for series in recordings()["X"][::10][:count]]
    print(f"{sum(map(len, played))} samples of {count} recordings", end=": ", flush=True)
    if build is None:
        results = simulate(network, Folding.of(network, CoreShape(lanes=2)), played)
        print(f"{len(results.decision)} decisions, none differs")
    else:
        desk, x = netlist_motion_desk(network, Path(build)), np.concatenate(played)
        said = desk.run(
            x, (Path(build) / WEIGHTS).read_bytes(), flash_address(Path(build))
        ).decode()
        if said != desk.expected(x).decode():
            sys.exit(f"golden says\n{desk.expected(x).decode()}and not\n{said}")
        print(f"{said.count(chr(10))} lines, none differs")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
