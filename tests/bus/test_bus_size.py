# SPDX-License-Identifier: BSD-2-Clause
"""Look-up tables of the bus on an ECP5, without the core. `pytest -s` prints them."""

import pytest
from amaranth.back import rtlil

from firstspike.golden import Folding, load_network
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.bus.bus_core import BusCore
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.devices import ECP5_85F
from firstspike.hdl.flow.synthesis import count_cells
from firstspike.hdl.flow.toolchain import run_yosys
from firstspike.hdl.lib.resetless_register import FORGET_INITIAL


@pytest.mark.long
@pytest.mark.parametrize(
    ("bitmap", "pixels", "most"),
    [(None, False, 800), (32, False, 800), (None, True, 1050)],
    ids=["events", "bitmap", "pixels"],
)
def test_the_bus_takes_few_luts(bitmap, pixels, most, tmp_path):
    network = load_network("mnist-4bit")
    folding = Folding.of(network, CoreShape(lanes=8, bitmap=bitmap))
    config = CoreConfig.of(network, folding, any_weights=True)
    design = BusCore(config, network, any_weights=True, pixels=pixels)
    (tmp_path / "bus.il").write_text(rtlil.convert(design, name="bus", emit_src=False))
    commands = [
        "read_rtlil bus.il",
        "proc",
        "opt_clean -purge",
        FORGET_INITIAL,
        *ECP5_85F.family.commands,
        "blackbox bus.core",
        f"{ECP5_85F.synthesis} -top bus",
        "tee -q -o count.json stat -json",
    ]
    run_yosys(tmp_path, commands)
    used = count_cells(ECP5_85F, tmp_path / "count.json", "bus")
    print(f"{used['LUTs']} LUTs, {used['flip-flops']} flip-flops")
    assert used["LUTs"] <= most
