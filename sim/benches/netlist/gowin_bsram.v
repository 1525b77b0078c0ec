// SPDX-License-Identifier: BSD-2-Clause
// The block RAM of Gowin's FPGAs as Yosys uses it, by Gowin's user guide UG285; Yosys itself ships
// empty boxes. What all of these cells do is in block_ram.v.
//
// A byte has 9 bits where the name of the cell has an X9, else 8. INIT_RAM_00 .. INIT_RAM_3F hold the
// content in order, 32 bytes each.
//
// What Yosys makes no use of for memories of ours is not modelled: SDPB, output registers, and block
// selects other than 000 do not compile, and an asynchronous reset ends the simulation.

module SP(
    output [31:0] DO,
    input [31:0] DI,
    input [2:0] BLKSEL,
    input [13:0] AD,
    input WRE, CLK, CE, OCE, RESET
);
    parameter READ_MODE = 0, WRITE_MODE = 0, BIT_WIDTH = 32, BLK_SEL = 0, RESET_MODE = "SYNC";
@parameters_8

    block_ram #(.BYTE(8), .WIDTH_A(BIT_WIDTH), .MODE_A(WRITE_MODE), .UNLIKE(READ_MODE | BLK_SEL),
        .RESET_MODE(RESET_MODE), .INIT(@content)) ram (
        .clock_a(CLK), .enable_a(CE & ~|BLKSEL), .write_a(WRE), .reset_a(RESET), .address_a(AD),
        .data_a(DI), .out_a(DO),
        .clock_b(1'b0), .enable_b(1'b0), .write_b(1'b0), .reset_b(1'b0), .address_b(14'b0),
        .data_b(32'b0), .out_b());
endmodule

module SPX9(
    output [35:0] DO,
    input [35:0] DI,
    input [2:0] BLKSEL,
    input [13:0] AD,
    input WRE, CLK, CE, OCE, RESET
);
    parameter READ_MODE = 0, WRITE_MODE = 0, BIT_WIDTH = 36, BLK_SEL = 0, RESET_MODE = "SYNC";
@parameters_9

    block_ram #(.BYTE(9), .WIDTH_A(BIT_WIDTH), .MODE_A(WRITE_MODE), .UNLIKE(READ_MODE | BLK_SEL),
        .RESET_MODE(RESET_MODE), .INIT(@content)) ram (
        .clock_a(CLK), .enable_a(CE & ~|BLKSEL), .write_a(WRE), .reset_a(RESET), .address_a(AD),
        .data_a(DI), .out_a(DO),
        .clock_b(1'b0), .enable_b(1'b0), .write_b(1'b0), .reset_b(1'b0), .address_b(14'b0),
        .data_b(36'b0), .out_b());
endmodule

// Port A writes whenever it is enabled, port B reads.
module SDPX9B(
    output [35:0] DO,
    input [35:0] DI,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input CLKA, CLKB, CEA, CEB, OCE, RESETA, RESETB
);
    parameter READ_MODE = 0, BIT_WIDTH_0 = 36, BIT_WIDTH_1 = 36, BLK_SEL_0 = 0, BLK_SEL_1 = 0,
        RESET_MODE = "SYNC";
@parameters_9

    block_ram #(.BYTE(9), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1),
        .UNLIKE(READ_MODE | BLK_SEL_0 | BLK_SEL_1), .RESET_MODE(RESET_MODE), .INIT(@content)) ram (
        .clock_a(CLKA), .enable_a(CEA & ~|BLKSELA), .write_a(1'b1), .reset_a(RESETA),
        .address_a(ADA), .data_a(DI), .out_a(),
        .clock_b(CLKB), .enable_b(CEB & ~|BLKSELB), .write_b(1'b0), .reset_b(RESETB),
        .address_b(ADB), .data_b(36'b0), .out_b(DO));
endmodule

module DPB(
    output [15:0] DOA, DOB,
    input [15:0] DIA, DIB,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input WREA, WREB, CLKA, CLKB, CEA, CEB, OCEA, OCEB, RESETA, RESETB
);
    parameter READ_MODE0 = 0, READ_MODE1 = 0, WRITE_MODE0 = 0, WRITE_MODE1 = 0, BIT_WIDTH_0 = 16,
        BIT_WIDTH_1 = 16, BLK_SEL_0 = 0, BLK_SEL_1 = 0, RESET_MODE = "SYNC";
@parameters_8

    wire [31:0] out_a, out_b;
    block_ram #(.BYTE(8), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .MODE_A(WRITE_MODE0),
        .MODE_B(WRITE_MODE1), .UNLIKE(READ_MODE0 | READ_MODE1 | BLK_SEL_0 | BLK_SEL_1),
        .RESET_MODE(RESET_MODE), .INIT(@content)) ram (
        .clock_a(CLKA), .enable_a(CEA & ~|BLKSELA), .write_a(WREA), .reset_a(RESETA),
        .address_a(ADA), .data_a({16'b0, DIA}), .out_a(out_a),
        .clock_b(CLKB), .enable_b(CEB & ~|BLKSELB), .write_b(WREB), .reset_b(RESETB),
        .address_b(ADB), .data_b({16'b0, DIB}), .out_b(out_b));
    assign {DOA, DOB} = {out_a[15:0], out_b[15:0]};
endmodule

module DPX9B(
    output [17:0] DOA, DOB,
    input [17:0] DIA, DIB,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input WREA, WREB, CLKA, CLKB, CEA, CEB, OCEA, OCEB, RESETA, RESETB
);
    parameter READ_MODE0 = 0, READ_MODE1 = 0, WRITE_MODE0 = 0, WRITE_MODE1 = 0, BIT_WIDTH_0 = 18,
        BIT_WIDTH_1 = 18, BLK_SEL_0 = 0, BLK_SEL_1 = 0, RESET_MODE = "SYNC";
@parameters_9

    wire [35:0] out_a, out_b;
    block_ram #(.BYTE(9), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .MODE_A(WRITE_MODE0),
        .MODE_B(WRITE_MODE1), .UNLIKE(READ_MODE0 | READ_MODE1 | BLK_SEL_0 | BLK_SEL_1),
        .RESET_MODE(RESET_MODE), .INIT(@content)) ram (
        .clock_a(CLKA), .enable_a(CEA & ~|BLKSELA), .write_a(WREA), .reset_a(RESETA),
        .address_a(ADA), .data_a({18'b0, DIA}), .out_a(out_a),
        .clock_b(CLKB), .enable_b(CEB & ~|BLKSELB), .write_b(WREB), .reset_b(RESETB),
        .address_b(ADB), .data_b({18'b0, DIB}), .out_b(out_b));
    assign {DOA, DOB} = {out_a[17:0], out_b[17:0]};
endmodule
