# SPDX-License-Identifier: BSD-2-Clause
"""Synthesises a Listener with the usual front end for the iCEBreaker's FPGA, and counts its cells.

python -m docs.measurements.listener_size            block by block
python -m docs.measurements.listener_size --flat     all in one, as a build has it
"""

import sys

import numpy as np
from amaranth.back import rtlil

from firstspike.golden import Features
from firstspike.golden.sound.defaults import default_front_end
from firstspike.golden.sound.pdm import PdmMicrophone
from firstspike.golden.system.temporary import temporary_folder
from firstspike.hdl.flow.devices import UP5K
from firstspike.hdl.flow.toolchain import run_yosys
from firstspike.hdl.sound.listener import Listener
from firstspike.sim.harness.networks import network_of

from .link_size import counted, show

CLOCK_HZ = 12_000_000


def sizes(flat: bool) -> dict[str, list[int]]:
    """The number of cells in each of COLUMNS, by module."""
    front = default_front_end()
    features = Features(None, complement=True, constant=True, sound=front)
    weights = [np.ones((2 * front.n_pixels + 1, 10), np.int32)]
    times = {"unit": 32, "deadline": 384}
    network = network_of(weights, [1], encoding="levels-32", features=features, **times)
    listener = Listener(network, PdmMicrophone.of(CLOCK_HZ, front.rate))
    with temporary_folder() as folder:
        (folder / "design.il").write_text(rtlil.convert(listener, name="listener", emit_src=False))
        run_yosys(
            folder,
            [
                "read_rtlil design.il",
                f"{UP5K.synthesis} {UP5K.products} {'' if flat else '-noflatten'} -top listener",
                "tee -q -o count.json stat -json",
            ],
        )
        return counted(folder / "count.json", "listener")


if __name__ == "__main__":
    show(sizes("--flat" in sys.argv[1:]))
