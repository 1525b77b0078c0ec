// SPDX-License-Identifier: BSD-2-Clause
// The cells into which nextpnr packs look-up tables, carries, wide multiplexers and distributed RAM
// of an ECP5. Yosys ships a TRELLIS_COMB whose carry output is undriven and whose memory has another
// order of addresses than the slice.

// One of the eight look-up tables of a tile. It is a table, half of a CCU2C, or a bit of a
// TRELLIS_DPR16X4, and drives the multiplexer beside it: PFUMX in an even one, L6MUX21 in an odd one
// (IS_Z1).
module TRELLIS_COMB(
    input A, B, C, D, M, FCI, F1, FXA, FXB, WD, WAD0, WAD1, WAD2, WAD3, WRE, WCK,
    output F, FCO, OFX
); /* verilator inline_module */
    parameter MODE = "LOGIC";
    parameter [15:0] INITVAL = 0;
    parameter CCU2_INJECT1 = "NO";
    parameter WREMUX = "WRE";
    parameter WCKMUX = "WCK";
    parameter IS_Z1 = 0;

    generate
        if (MODE == "DPRAM") begin : dpram
            reg [15:0] bits = INITVAL;
            wire clock = (WCKMUX == "INV") ? ~WCK : WCK;
            always @@(posedge clock)
                if ((WREMUX == "INV") ? ~WRE : WRE) bits[{WAD0, WAD2, WAD1, WAD3}] <= WD;
            assign F = bits[{D, C, B, A}];
            assign FCO = 0;
        end else if (MODE == "CCU2") begin : ccu2
            wire table_out = INITVAL[{D, C, B, A}];
            wire low = (CCU2_INJECT1 == "YES") ? 1'b0 : INITVAL[{2'b0, B, A}];
            assign F = table_out ^ ((CCU2_INJECT1 == "YES") ? 1'b0 : FCI);
            assign FCO = table_out ? FCI : low;
        end else begin : logic_table
            assign F = INITVAL[{D, C, B, A}];
            assign FCO = 0;
        end
    endgenerate
    assign OFX = IS_Z1 ? (M ? FXB : FXA) : (M ? F1 : F);
endmodule

// The slice of a distributed RAM that takes what is written, and passes it on to four tables.
module TRELLIS_RAMW(
    input A0, B0, C0, D0, A1, B1, C1, D1,
    output WDO0, WDO1, WDO2, WDO3, WADO0, WADO1, WADO2, WADO3
); /* verilator inline_module */
    assign {WDO3, WDO2, WDO1, WDO0} = {B1, D1, A1, C1};
    assign {WADO3, WADO2, WADO1, WADO0} = {A0, C0, B0, D0};
endmodule

// A buffer of a global clock; a design that gates one is refused before.
module DCCA(input CLKI, CE, output CLKO); /* verilator inline_module */
    assign CLKO = CLKI;
endmodule
