# SPDX-License-Identifier: BSD-2-Clause
"""Our model of Gowin's block RAM, port by port against the memories that Amaranth makes.

Every kind of memory that our designs have, in all widths that a block has, goes through Yosys'
synthesis for the GW2A. Yosys assumes of the cells the behaviour that Gowin's user guide UG285
describes.
"""

import pytest

from firstspike.hdl.flow.devices import GW2AR_18
from firstspike.sim.benches.netlist.cells import cell_models
from firstspike.sim.harness.runner import SimulationError
from firstspike.sim.mutants.mutation import mutated
from tests.support.block_ram import blocks, compare

pytestmark = pytest.mark.long

SYNTHESIS = GW2AR_18.synthesis


def numbers(cells, *names):
    """The values of parameters of these names."""
    return {int(block[name], 2) for block in cells for name in names}


def test_every_mode_of_the_model_is_in_use():
    single, shared = blocks(SYNTHESIS, "SP", "SPX9"), blocks(SYNTHESIS, "DPB", "DPX9B")
    separate = blocks(SYNTHESIS, "SDPX9B")
    assert numbers(single, "BIT_WIDTH") >= {1, 4, 9, 18, 36}
    assert numbers(single, "WRITE_MODE") == {0, 1, 2}
    assert numbers(shared, "BIT_WIDTH_0", "BIT_WIDTH_1") == {1, 2, 4, 9, 18}
    assert numbers(separate, "BIT_WIDTH_0", "BIT_WIDTH_1") == {36}
    for kind in (single, separate):
        assert {block["RESET_MODE"] for block in kind} == {"SYNC", "ASYNC"}


def test_block_ram_behaves_as_the_memories_it_is_made_from():
    compare(SYNTHESIS, cell_models("gowin"))


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("rom_9", "INIT[BYTE * place +: BYTE]", "INIT[8 * place +: BYTE]"),
        ("width_36", "{address[13:5], 2'b0}", "{address[13:6], 3'b0}"),
    ],
)
def test_a_broken_model_is_caught(name, right, wrong):
    """By a memory that has the broken part; all of them would take long to compile."""
    models = cell_models("gowin")
    with pytest.raises(SimulationError, match="differ"):
        compare(SYNTHESIS, mutated(models, right, wrong), (name,))
