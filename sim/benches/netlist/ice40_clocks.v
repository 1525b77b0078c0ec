// SPDX-License-Identifier: BSD-2-Clause
// The PLLs of the iCE40, at a pin and behind a wire, of which Yosys ships empty boxes, for
// simulations that count clock cycles and have no time: the output clock is the input clock itself,
// whatever the dividers say, and the lock comes after 16 cycles. These models do not check that the
// dividers make the clock that was asked for.

module SB_PLL40_PAD(
    input PACKAGEPIN,
    output PLLOUTCORE, PLLOUTGLOBAL,
    input EXTFEEDBACK,
    input [7:0] DYNAMICDELAY,
    output LOCK,
    input BYPASS, RESETB, LATCHINPUTVALUE,
    output SDO,
    input SDI, SCLK
);
    parameter FEEDBACK_PATH = "SIMPLE";
    parameter DELAY_ADJUSTMENT_MODE_FEEDBACK = "FIXED";
    parameter DELAY_ADJUSTMENT_MODE_RELATIVE = "FIXED";
    parameter SHIFTREG_DIV_MODE = 1'b0;
    parameter FDA_FEEDBACK = 4'b0000;
    parameter FDA_RELATIVE = 4'b0000;
    parameter PLLOUT_SELECT = "GENCLK";
    parameter DIVR = 4'b0000;
    parameter DIVF = 7'b0000000;
    parameter DIVQ = 3'b000;
    parameter FILTER_RANGE = 3'b000;
    parameter ENABLE_ICEGATE = 1'b0;
    parameter TEST_MODE = 1'b0;
    parameter EXTERNAL_DIVIDE_FACTOR = 1;

    assign PLLOUTCORE = PACKAGEPIN;
    assign PLLOUTGLOBAL = PACKAGEPIN;
    reg [4:0] cycles = 0;
    always @@(posedge PACKAGEPIN)
        if (!RESETB) cycles <= 0;
        else if (!LOCK) cycles <= cycles + 1;
    assign LOCK = cycles[4];
    assign SDO = 0;
endmodule

module SB_PLL40_CORE(
    input REFERENCECLK,
    output PLLOUTCORE, PLLOUTGLOBAL,
    input EXTFEEDBACK,
    input [7:0] DYNAMICDELAY,
    output LOCK,
    input BYPASS, RESETB, LATCHINPUTVALUE,
    output SDO,
    input SDI, SCLK
);
    parameter FEEDBACK_PATH = "SIMPLE";
    parameter DELAY_ADJUSTMENT_MODE_FEEDBACK = "FIXED";
    parameter DELAY_ADJUSTMENT_MODE_RELATIVE = "FIXED";
    parameter SHIFTREG_DIV_MODE = 1'b0;
    parameter FDA_FEEDBACK = 4'b0000;
    parameter FDA_RELATIVE = 4'b0000;
    parameter PLLOUT_SELECT = "GENCLK";
    parameter DIVR = 4'b0000;
    parameter DIVF = 7'b0000000;
    parameter DIVQ = 3'b000;
    parameter FILTER_RANGE = 3'b000;
    parameter ENABLE_ICEGATE = 1'b0;
    parameter TEST_MODE = 1'b0;
    parameter EXTERNAL_DIVIDE_FACTOR = 1;

    SB_PLL40_PAD pll(
        .PACKAGEPIN(REFERENCECLK), .PLLOUTCORE(PLLOUTCORE), .PLLOUTGLOBAL(PLLOUTGLOBAL),
        .LOCK(LOCK), .BYPASS(BYPASS), .RESETB(RESETB), .SDO(SDO)
    );
endmodule
