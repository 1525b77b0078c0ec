# SPDX-License-Identifier: BSD-2-Clause
"""Our models of a slice of the ECP5 against Yosys' models of what nextpnr packs into it.

Yosys proves each pair equal for all inputs, with contents at random. How nextpnr packs the cells
is in its `ecp5/cells.cc`.
"""

import numpy as np
import pytest

from firstspike.hdl.flow.toolchain import ToolError, run_yosys
from firstspike.sim.benches.netlist.cells import cell_models
from firstspike.sim.mutants.mutation import mutated

TRIES = 20

CARRY = """
    CCU2C #(.INIT0(@a), .INIT1(@b), .INJECT1_0("@x"), .INJECT1_1("@y")) want_@n (.CIN(i[8]),
        .A0(i[0]), .B0(i[1]), .C0(i[2]), .D0(i[3]), .A1(i[4]), .B1(i[5]), .C1(i[6]), .D1(i[7]),
        .S0(want[3*@n]), .S1(want[3*@n+1]), .COUT(want[3*@n+2]));
    wire carry_@n;
    TRELLIS_COMB #(.MODE("CCU2"), .INITVAL(@a), .CCU2_INJECT1("@x")) low_@n (.FCI(i[8]), .A(i[0]),
        .B(i[1]), .C(i[2]), .D(i[3]), .F(found[3*@n]), .FCO(carry_@n));
    TRELLIS_COMB #(.MODE("CCU2"), .INITVAL(@b), .CCU2_INJECT1("@y"), .IS_Z1(1)) high_@n (
        .FCI(carry_@n), .A(i[4]), .B(i[5]), .C(i[6]), .D(i[7]), .F(found[3*@n+1]),
        .FCO(found[3*@n+2]));
"""
WIDE = """
    wire a_@n, b_@n, c_@n;
    LUT4 #(.INIT(@a)) table_a_@n (.A(i[0]), .B(i[1]), .C(i[2]), .D(i[3]), .Z(a_@n));
    LUT4 #(.INIT(@b)) table_b_@n (.A(i[4]), .B(i[5]), .C(i[6]), .D(i[7]), .Z(b_@n));
    PFUMX five_@n (.ALUT(b_@n), .BLUT(a_@n), .C0(i[8]), .Z(want[3*@n]));
    L6MUX21 six_@n (.D0(want[3*@n]), .D1(i[9]), .SD(i[10]), .Z(want[3*@n+1]));
    assign want[3*@n+2] = b_@n;
    TRELLIS_COMB #(.INITVAL(@a)) low_@n (.A(i[0]), .B(i[1]), .C(i[2]), .D(i[3]),
        .F1(found[3*@n+2]), .M(i[8]), .OFX(found[3*@n]));
    TRELLIS_COMB #(.INITVAL(@b), .IS_Z1(1)) high_@n (.A(i[4]), .B(i[5]), .C(i[6]), .D(i[7]),
        .F(found[3*@n+2]), .FXA(found[3*@n]), .FXB(i[9]), .M(i[10]), .OFX(found[3*@n+1]));
"""
MEMORY = """
    TRELLIS_DPR16X4 #(.INITVAL(64'h@c), .WREMUX("@w")) want_@n (.DI(i[3:0]), .WAD(i[7:4]),
        .WRE(i[8]), .WCK(clock), .RAD(i[12:9]), .DO(want[4*@n +: 4]));
    wire [3:0] data_@n, address_@n;
    TRELLIS_RAMW ramw_@n (.D0(i[4]), .B0(i[5]), .C0(i[6]), .A0(i[7]), .C1(i[0]), .A1(i[1]),
        .D1(i[2]), .B1(i[3]), .WDO0(data_@n[0]), .WDO1(data_@n[1]), .WDO2(data_@n[2]),
        .WDO3(data_@n[3]), .WADO0(address_@n[0]), .WADO1(address_@n[1]),
        .WADO2(address_@n[2]), .WADO3(address_@n[3]));
"""
BIT = """
    TRELLIS_COMB #(.MODE("DPRAM"), .INITVAL(16'h@i), .WREMUX("@w")) bit_@n_@b (.D(i[9]), .B(i[10]),
        .C(i[11]), .A(i[12]), .WD(data_@n[@b]), .WRE(i[8]), .WCK(clock), .WAD0(address_@n[0]),
        .WAD1(address_@n[1]), .WAD2(address_@n[2]), .WAD3(address_@n[3]), .F(found[4*@n+@b]));
"""


def filled(form, **values):
    """A template with the values of its names."""
    for name, value in values.items():
        form = form.replace(f"@{name}", str(value))
    return form


def memory(number, content, write):
    """A memory of 16 words of 4 bits, as nextpnr spreads it over four tables."""
    text = filled(MEMORY, n=number, c="".join(f"{word:x}" for word in content[::-1]), w=write)
    for bit in range(4):
        init = 0
        for index in range(16):  # address bits 0 and 3 change places
            word = content[index & 6 | index >> 3 | (index & 1) << 3]
            init |= (int(word) >> bit & 1) << index
        text += filled(BIT, n=number, b=bit, i=f"{init:04x}", w=write)
    return text


def prove(folder, models, instances, outputs, proof):
    """Let Yosys prove that the wires `want` and `found` are equal, or raise ToolError."""
    text = (
        f"{models.replace('/* verilator inline_module */', '')}\nmodule both(input clock, "
        f"input [12:0] i, output differ);\n    wire [{outputs - 1}:0] want, found;\n"
        f"{''.join(instances)}    assign differ = want != found;\nendmodule\n"
    )
    (folder / "both.v").write_text(text)
    prepare = "prep -flatten -top both; memory_map; opt"
    run_yosys(folder, ["read_verilog -sv both.v", prepare, f"sat -verify {proof} -prove differ 0"])


def check(folder, models):
    """Prove carries, wide multiplexers and memories."""
    rng = np.random.default_rng(3)
    numbers = range(TRIES)
    for form in (CARRY, WIDE):
        instances = [
            filled(
                form,
                **{name: f"16'd{rng.integers(1 << 16)}" for name in "ab"},
                **{name: rng.choice(["YES", "NO"]) for name in "xy"},
                n=number,
            )
            for number in numbers
        ]
        prove(folder, models, instances, 3 * TRIES, "")
    memories = [memory(n, rng.integers(16, size=16), ("WRE", "INV")[n % 2]) for n in range(2)]
    # what a memory holds after a write depends on nothing before
    prove(folder, models, memories, 8, "-seq 3")


@pytest.mark.long
def test_a_slice_is_what_is_packed_into_it(tmp_path):
    check(tmp_path, cell_models("ecp5"))


@pytest.mark.long
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("{WAD0, WAD2, WAD1, WAD3}", "{WAD3, WAD2, WAD1, WAD0}"),
        ("{B1, D1, A1, C1}", "{D1, B1, A1, C1}"),
        ("table_out ? FCI : low", "table_out ? low : FCI"),
        ("(M ? FXB : FXA)", "(M ? FXA : FXB)"),
    ],
)
def test_a_broken_model_is_caught(tmp_path, right, wrong):
    with pytest.raises(ToolError, match="proof did fail"):
        check(tmp_path, mutated(cell_models("ecp5"), right, wrong))
