// SPDX-License-Identifier: BSD-2-Clause
// Every kind of cell and setting of an ECP5 that the layout check covers, in a design without a
// purpose.
module every_cell(
    input clock_pin, input a, input b, input c, input d, input other_clock,
    output reg [3:0] out, inout io, output tristate
);
    wire clock, feedback, locked, gated;
    (* ICP_CURRENT="12", LPF_RESISTOR="8", MFG_ENABLE_FILTEROPAMP="1", MFG_GMCREF_SEL="2" *)
    EHXPLLL #(.CLKI_DIV(1), .CLKFB_DIV(3), .CLKOP_DIV(8), .CLKOP_CPHASE(7), .CLKOS_ENABLE("ENABLED"),
        .CLKOS_DIV(9), .CLKOS_CPHASE(8), .FEEDBK_PATH("CLKOP")) pll (.CLKI(clock_pin),
        .CLKFB(feedback), .CLKOP(feedback), .CLKOS(clock), .LOCK(locked), .RST(1'b0), .STDBY(1'b0),
        .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1),
        .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0), .ENCLKOS(1'b0));
`ifdef UNGATED
    assign gated = other_clock;
`else
    DCCA gate (.CLKI(other_clock), .CE(a), .CLKO(gated));
`endif

    reg [15:0] n = 16'h0f3c, m, k;
    reg [7:0] s;
    always @(posedge clock) if (a) n <= n + {b, c, d};
    always @(negedge clock or posedge b) if (b) m <= 16'h55aa; else if (!c) m <= m - n;
    always @(posedge gated or negedge a) if (!a) k <= 0; else k <= k + m + locked;
    always @(posedge clock) if (!c) s <= 8'hf0; else if (d) s <= s ^ k[7:0];

    // wide multiplexers: PFUMX and L6MUX21
    reg wide;
    always @(posedge clock) wide <= n[s[3:0]] ^ m[k[3:0]] ^ (s[4] ? n[5] & m[6] | k[7] : n[1] ^ m[2] & k[3]);

    // distributed RAM
    reg [7:0] near [15:0], lower [15:0];
    integer i;
    initial for (i = 0; i < 16; i = i + 1) near[i] = 37 * i;
    always @(posedge clock) if (a) near[n[3:0]] <= m[7:0];
    always @(negedge clock) if (!b) lower[m[3:0]] <= n[7:0];
    wire [7:0] near_out = near[m[11:8]] ^ lower[k[3:0]];

    // block RAM: simple dual port of 36 bits, two ports, a ROM
    reg [35:0] wide_ram [511:0];
    reg [35:0] wide_out;
    always @(posedge clock) begin
        if (d) wide_ram[n[8:0]] <= {m, k, s[3:0]};
        if (c) wide_out <= wide_ram[k[8:0]];
    end
    reg [8:0] ram [2047:0];
    reg [8:0] ram_out;
    initial for (i = 0; i < 2048; i = i + 1) ram[i] = i * 977 >> 3;
    always @(posedge clock) if (a) ram[n[10:0]] <= {b, s};
    always @(negedge clock) ram_out <= ram[m[10:0]];
    reg [17:0] rom [1023:0];
    reg [17:0] rom_out;
    initial for (i = 0; i < 1024; i = i + 1) rom[i] = i * 12345;
    always @(posedge clock) if (b) rom_out <= 0; else rom_out <= rom[k[9:0]];

    wire in;
    (* PULLMODE="UP", DRIVE="4", SLEWRATE="FAST" *) BB pad (.B(io), .I(s[0]), .T(s[1]), .O(in));
    (* OPENDRAIN="ON" *) OBZ third (.O(tristate), .I(s[2]), .T(s[3]));

    always @(posedge clock)
        out <= {^wide_out ^ wide, ^ram_out ^ in, ^near_out, ^rom_out} ^ s[7:4];
endmodule
