# SPDX-License-Identifier: BSD-2-Clause
"""Our model of the ECP5's block RAM, port by port against the memories that Amaranth makes.

Every kind of memory that our designs have, in all widths that a block has, goes through Yosys'
synthesis for the ECP5.
"""

import pytest

from firstspike.sim.benches.netlist.cells import cell_models
from firstspike.sim.harness.runner import SimulationError
from firstspike.sim.mutants.mutation import mutated
from tests.support.block_ram import blocks, compare

pytestmark = pytest.mark.long

SYNTHESIS = "synth_ecp5"


def test_every_mode_of_the_model_is_in_use():
    blocks_used = blocks(SYNTHESIS, "DP16KD")
    for port in "AB":
        widths = {int(block[f"DATA_WIDTH_{port}"], 2) for block in blocks_used}
        assert widths == {1, 2, 4, 9, 18, 36}
    assert {block["RESETMODE"] for block in blocks_used} == {"SYNC", "ASYNC"}
    modes = {block["WRITEMODE_A"] for block in blocks_used if "WRITEMODE_A" in block}
    assert modes == {"NORMAL", "WRITETHROUGH", "READBEFOREWRITE"}


def test_block_ram_behaves_as_the_memories_it_is_made_from():
    compare(SYNTHESIS, cell_models("ecp5"))


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("width_72", "words[20 * i +: 18]", "words[18 * i +: 18]"),
        ("width_36", "{address[13:5], 2'b0}", "{address[13:6], 3'b0}"),
    ],
)
def test_a_broken_model_is_caught(name, right, wrong):
    """By a memory that has the broken part; all of them would take long to compile."""
    models = cell_models("ecp5")
    with pytest.raises(SimulationError, match="differ"):
        compare(SYNTHESIS, mutated(models, right, wrong), (name,))
