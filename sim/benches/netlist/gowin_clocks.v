// SPDX-License-Identifier: BSD-2-Clause
// The PLL of Gowin's FPGAs, of which Yosys ships an empty box, for simulations that count clock
// cycles and have no time: all outputs are the input clock itself, whatever the dividers say, and
// the lock comes after 16 cycles. That the dividers make the clock that was asked for is not checked
// by this.

module rPLL(
    output CLKOUT, CLKOUTP, CLKOUTD, CLKOUTD3, LOCK,
    input CLKIN, CLKFB,
    input [5:0] FBDSEL, IDSEL, ODSEL,
    input [3:0] DUTYDA, PSDA, FDLY,
    input RESET, RESET_P
);
    // What a netlist may set, and nothing here looks at.
    parameter FCLKIN = "100.0", DEVICE = "GW2A-18C", DYN_IDIV_SEL = "false", IDIV_SEL = 0,
        DYN_FBDIV_SEL = "false", FBDIV_SEL = 0, DYN_ODIV_SEL = "false", ODIV_SEL = 8;

    assign {CLKOUT, CLKOUTP, CLKOUTD, CLKOUTD3} = {4{CLKIN}};
    reg [4:0] cycles = 0;
    always @@(posedge CLKIN)
        if (RESET | RESET_P) cycles <= 0;
        else if (!LOCK) cycles <= cycles + 1;
    assign LOCK = cycles[4];
endmodule
