// SPDX-License-Identifier: BSD-2-Clause
// The multiplier of Gowin's FPGAs, by Gowin's user guide UG287; Yosys itself ships an empty box.
// Registers and the shifted inputs of a neighbour are not modelled: a cell with parameters for
// registers, or with the outputs SOA and SOB, does not compile.

module MULT18X18(
    input [17:0] A, B, SIA, SIB,
    input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [35:0] DOUT
);
    wire signed [18:0] a = {ASIGN & A[17], A}, b = {BSIGN & B[17], B};
    wire signed [37:0] product = a * b;
    assign DOUT = product[35:0];
endmodule
