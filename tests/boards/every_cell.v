// SPDX-License-Identifier: BSD-2-Clause
// Every kind of cell and setting that the layout check covers, in a design without a purpose.
module every_cell(
    input clock_pin, input a, input b, input c, input d, input global_pin,
    output reg [3:0] out, inout [2:0] io
);
    wire clock, locked;
`ifdef CORE
    SB_PLL40_CORE #(.FEEDBACK_PATH("SIMPLE"), .DIVF(7'd71), .DIVQ(3'd5), .FILTER_RANGE(3'd1),
        .ENABLE_ICEGATE(1'b1)) pll (.REFERENCECLK(clock_pin), .PLLOUTCORE(clock), .LOCK(locked),
        .RESETB(a), .BYPASS(b), .LATCHINPUTVALUE(c));
`else
    SB_PLL40_PAD #(.FEEDBACK_PATH("SIMPLE"), .DIVR(4'd1), .DIVF(7'd71), .DIVQ(3'd5),
        .FILTER_RANGE(3'd1)) pll (.PACKAGEPIN(clock_pin), .PLLOUTGLOBAL(clock), .LOCK(locked),
        .RESETB(1'b1), .BYPASS(1'b0));
`endif
    wire other_clock, level;
`ifdef CORE
    SB_GB_IO #(.PIN_TYPE(6'b000001)) other (.PACKAGE_PIN(global_pin),
        .GLOBAL_BUFFER_OUTPUT(other_clock));
    assign level = d;
`else
    SB_GB_IO #(.PIN_TYPE(6'b000001)) other (.PACKAGE_PIN(global_pin),
        .GLOBAL_BUFFER_OUTPUT(other_clock), .D_IN_0(level));
`endif

    reg [15:0] n, m, k;
    reg [7:0] s;
    always @(posedge clock) if (a) n <= n + {b, c, d};
    always @(negedge clock or posedge b) if (b) m <= 16'h55aa; else if (c) m <= m - n;
    always @(posedge other_clock or negedge a) if (!a) k <= 0; else k <= k + m + locked;
    always @(posedge clock) if (c) s <= 8'hf0; else if (d) s <= s ^ k[7:0] ^ level;

    wire passed;
    (* keep *) SB_LUT4 #(.LUT_INIT(16'h0002)) buffer (.O(passed), .I0(n[0]));

    wire [15:0] r0, r1, r2, r3, single;
    wire [31:0] product;
    SB_RAM40_4K #(.READ_MODE(0), .WRITE_MODE(0), .INIT_0(256'h123456789abcdef0), .INIT_F(256'hff))
        ram0 (.RDATA(r0), .RADDR(n[10:0]), .RCLK(clock), .RCLKE(1'b1), .RE(1'b1), .WADDR(m[10:0]),
        .WCLK(clock), .WCLKE(a), .WDATA(k), .WE(b), .MASK({s, s}));
    SB_RAM40_4KNR #(.READ_MODE(1), .WRITE_MODE(2))
        ram1 (.RDATA(r1), .RADDR(n[10:0]), .RCLKN(clock), .RCLKE(c), .RE(1'b1), .WADDR(m[10:0]),
        .WCLK(clock), .WCLKE(a), .WDATA(k), .WE(b));
    SB_RAM40_4KNW #(.READ_MODE(2), .WRITE_MODE(3), .INIT_3(256'h77))
        ram2 (.RDATA(r2), .RADDR(n[10:0]), .RCLK(clock), .RCLKE(1'b1), .RE(d), .WADDR(m[10:0]),
        .WCLKN(clock), .WCLKE(a), .WDATA(k), .WE(b));
    SB_RAM40_4KNRNW #(.READ_MODE(3), .WRITE_MODE(1))
        ram3 (.RDATA(r3), .RADDR(n[10:0]), .RCLKN(other_clock), .RCLKE(1'b1), .RE(1'b1),
        .WADDR(m[10:0]), .WCLKN(clock), .WCLKE(a), .WDATA(k), .WE(b));
`ifdef ULTRAPLUS
    SB_SPRAM256KA ram4 (.ADDRESS(n[13:0]), .DATAIN(m), .MASKWREN(k[3:0]), .WREN(a),
        .CHIPSELECT(1'b1), .CLOCK(clock), .STANDBY(1'b0), .SLEEP(1'b0), .POWEROFF(1'b1),
        .DATAOUT(single));
    SB_MAC16 #(.A_REG(1), .B_REG(1), .TOPOUTPUT_SELECT(2'b11), .BOTOUTPUT_SELECT(2'b11),
        .PIPELINE_16x16_MULT_REG1(1), .PIPELINE_16x16_MULT_REG2(1), .A_SIGNED(1), .B_SIGNED(1))
        multiplier (.CLK(clock), .CE(1'b1), .A(n), .B(m), .C(16'b0), .D(16'b0), .AHOLD(1'b0),
        .BHOLD(1'b0), .CHOLD(1'b0), .DHOLD(1'b0), .IRSTTOP(1'b0), .IRSTBOT(1'b0), .ORSTTOP(1'b0),
        .ORSTBOT(1'b0), .OLOADTOP(1'b0), .OLOADBOT(1'b0), .ADDSUBTOP(1'b0), .ADDSUBBOT(1'b0),
        .OHOLDTOP(1'b0), .OHOLDBOT(1'b0), .CI(1'b0), .ACCUMCI(1'b0), .SIGNEXTIN(1'b0), .O(product));
`else
    assign single = n, product = {n, m};
`endif

    wire i0, i1, i2;
    SB_IO #(.PIN_TYPE(6'b110000), .PULLUP(1'b1), .NEG_TRIGGER(1'b1)) io0 (.PACKAGE_PIN(io[0]),
        .CLOCK_ENABLE(a), .INPUT_CLK(clock), .OUTPUT_CLK(clock), .OUTPUT_ENABLE(b), .D_OUT_0(s[0]),
        .D_OUT_1(s[1]), .D_IN_0(i0), .D_IN_1(i1));
    SB_IO #(.PIN_TYPE(6'b101001), .PULLUP(1'b1)) io1 (.PACKAGE_PIN(io[1]), .OUTPUT_ENABLE(c),
        .D_OUT_0(s[2]), .D_IN_0(i2));
    (* PULLUP_RESISTOR = "3P3K" *) SB_IO #(.PIN_TYPE(6'b100101), .PULLUP(1'b1)) io2 (
        .PACKAGE_PIN(io[2]), .OUTPUT_ENABLE(c), .OUTPUT_CLK(clock), .D_OUT_0(s[3]));

    always @(posedge clock)
        out <= {^(r0 ^ r1), ^(r2 ^ r3) ^ i0 ^ i1, ^single ^ passed, ^product ^ i2} ^ s[7:4];
endmodule
