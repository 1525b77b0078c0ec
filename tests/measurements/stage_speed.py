# SPDX-License-Identifier: BSD-2-Clause
"""Compares how fast the synthesised netlist and the bitstream of a build are simulated.

    python -m tests.measurements.stage_speed [--images N] [--rounds N] NET BOARD BUILD

BUILD is the folder of `firstspike build NET --board BOARD`. Both classify the same images in turn,
and so simulate as many clock cycles: the ratio of their speeds is that of the processor times.
Compiling is not counted.
"""

import argparse
import resource
import sys

from firstspike.golden import encode, load_network
from firstspike.golden.data.sets import bundled_test_set
from firstspike.scripts.targets import bitstream, netlist

STAGES = {"synthesised netlist": netlist.Target, "bitstream": bitstream.Target}


def _processor_time() -> float:
    """Seconds of all programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Print the processor times of each round, and the ratio of the speeds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("net", "board", "build"):
        parser.add_argument(name, metavar=name.upper())
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    words = parser.parse_args()
    network = load_network(words.net)
    pixels, _ = bundled_test_set()
    ticks = encode(network, pixels[: words.images])
    boards = {
        stage: target(words.net, network, words.board, words.build)._board()
        for stage, target in STAGES.items()
    }
    for number in range(words.rounds):
        seconds = {}
        for stage, board in boards.items():
            before = _processor_time()
            board.classify(ticks)
            seconds[stage] = _processor_time() - before
        times = ", ".join(f"{stage} {time:.1f} s" for stage, time in seconds.items())
        ratio = seconds["synthesised netlist"] / seconds["bitstream"]
        print(f"round {number + 1}: {times}; speed of the bitstream {ratio:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
