// SPDX-License-Identifier: BSD-2-Clause
// What the block RAM of an ECP5 does, as Yosys uses it; Yosys itself ships an empty box.
//
// The memory is 2048 bytes of 9 bits. A port of WIDTH bits addresses it so:
//
//     WIDTH    address
//     36       word 13 .. 5,  3 .. 0 enable the writing of a byte each
//     18       word 13 .. 4,  1 .. 0 likewise
//     9        byte 13 .. 3
//     4, 2, 1  byte 13 .. 3,  then the word of that size in it; its ninth bit is not reached
//
// With 36 bits port A writes and port B reads, over the data pins of both: DIA and DOA are the
// lower halves. INITVAL_00 .. INITVAL_3F hold the content in order, 18 bits in every 20.
//
// WRITEMODE is what a port's output does while the port writes: NORMAL keeps it, WRITETHROUGH shows
// the word as it becomes, READBEFOREWRITE as it was. A bit that one port reads in the very cycle in
// which the other writes it is read inverted: nobody promises anything better, so nothing may depend
// on it.
//
// A synchronous reset clears the output, enabled or not, and lets the port write nothing.
//
// What Yosys makes no use of for memories of ours is not modelled: output registers and chip selects
// other than 000 do not compile, and an asynchronous reset ends the simulation. GSR is left out: it
// clears the outputs once, after configuration, and here they start with 0.

module DP16KD(
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
        DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
        DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18;
    parameter DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG";
    parameter REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000";
    parameter CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL";
    parameter WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA";
    parameter CLKBMUX = "CLKB";
    parameter GSR = "ENABLED";
@parameters

    generate
        if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG" || CSDECODE_A != "0b000"
                || CSDECODE_B != "0b000") begin : mode
            DP16KD_mode_is_not_modelled error();
        end
    endgenerate

    always @@(posedge RSTA, posedge RSTB)
        if (RESETMODE != "SYNC") $fatal(1, "asynchronous reset of DP16KD is not modelled");

    reg [8:0] memory [0:2047];

    task fill(input integer part, input [319:0] words);
        integer i;
        for (i = 0; i < 16; i = i + 1) begin
            memory[32 * part + 2 * i] = words[20 * i +: 9];
            memory[32 * part + 2 * i + 1] = words[20 * i + 9 +: 9];
        end
    endtask

    initial begin
@fills
    end

    wire [17:0] data_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8,
        DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [17:0] data_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8,
        DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3,
        ADA2, ADA1, ADA0};
    wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3,
        ADB2, ADB1, ADB0};
    wire clock_a = (CLKAMUX == "INV") ? ~CLKA : CLKA;
    wire clock_b = (CLKBMUX == "INV") ? ~CLKB : CLKB;
    wire select_a = ~(CSA2 | CSA1 | CSA0);
    wire select_b = ~(CSB2 | CSB1 | CSB0);
    wire [10:0] first_a, first_b;
    wire [3:0] written_a, written_b;
    wire [35:0] bytes_a, bytes_b, mask_a, mask_b, changed_a, changed_b, out_a, out_b;

    dp16kd_port #(.WIDTH(DATA_WIDTH_A), .WRITEMODE(WRITEMODE_A)) port_a (
        .clock(clock_a), .enable(CEA & select_a), .write(WEA), .reset(RSTA),
        .address(address_a), .data({data_b, data_a}), .out(out_a), .bytes(bytes_a),
        .first(first_a), .written(written_a), .mask(mask_a), .changed(changed_a),
        .first_other(first_b), .mask_other(mask_b));
    dp16kd_port #(.WIDTH(DATA_WIDTH_B), .WRITEMODE(WRITEMODE_B)) port_b (
        .clock(clock_b), .enable(CEB & select_b), .write(WEB), .reset(RSTB),
        .address(address_b), .data({18'b0, data_b}), .out(out_b), .bytes(bytes_b),
        .first(first_b), .written(written_b), .mask(mask_b), .changed(changed_b),
        .first_other(first_a), .mask_other(mask_a));

    genvar lane;
    generate
        for (lane = 0; lane < 4; lane = lane + 1) begin : lanes
            if (lane < (DATA_WIDTH_A + 8) / 9) begin : a
                assign bytes_a[9 * lane +: 9] = memory[first_a + lane];
                always @@(posedge clock_a)
                    if (written_a[lane]) memory[first_a + lane] <= changed_a[9 * lane +: 9];
            end else
                assign bytes_a[9 * lane +: 9] = 0;
            if (lane < (DATA_WIDTH_B + 8) / 9) begin : b
                assign bytes_b[9 * lane +: 9] = memory[first_b + lane];
                always @@(posedge clock_b)
                    if (written_b[lane]) memory[first_b + lane] <= changed_b[9 * lane +: 9];
            end else
                assign bytes_b[9 * lane +: 9] = 0;
        end
    endgenerate

    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0} =
        DATA_WIDTH_B == 36 ? out_b[17:0] : out_a[17:0];
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0} =
        DATA_WIDTH_B == 36 ? out_b[35:18] : out_b[17:0];
endmodule

// One port: its address, what it writes, and its output register.
module dp16kd_port(
    input clock, enable, write, reset,
    input [13:0] address,
    input [35:0] data,
    output reg [35:0] out,
    output [10:0] first,  // byte that is addressed
    input [35:0] bytes,  // the content from there on, as wide as the port
    output [3:0] written,  // which of these are written in this cycle
    output [35:0] mask,  // which of their bits
    output [35:0] changed,  // what they become
    input [10:0] first_other,  // of the other port
    input [35:0] mask_other
);
    parameter WIDTH = 18;
    parameter WRITEMODE = "NORMAL";
    localparam [35:0] ALL = 36'hfffffffff >> (36 - WIDTH);

    assign first = WIDTH == 36 ? {address[13:5], 2'b0}
        : WIDTH == 18 ? {address[13:4], 1'b0} : address[13:3];
    wire [3:0] lanes = WIDTH == 36 ? address[3:0] : WIDTH == 18 ? address[1:0] : 4'b1;
    wire [2:0] place = WIDTH == 4 ? address[2:0] & 3'b100
        : WIDTH == 2 ? address[2:0] & 3'b110 : WIDTH == 1 ? address[2:0] : 0;
    assign written = lanes & {4{enable & write & ~reset}};

    wire [35:0] seen;
    genvar lane;
    generate
        for (lane = 0; lane < 4; lane = lane + 1) begin : each
            wire [10:0] distance = first + lane - first_other;
            assign seen[9 * lane +: 9] =
                bytes[9 * lane +: 9] ^ (distance < 4 ? mask_other[9 * distance[1:0] +: 9] : 9'b0);
            assign mask[9 * lane +: 9] = (ALL >> 9 * lane << place) & {9{written[lane]}};
        end
    endgenerate
    assign changed = (bytes & ~mask) | (data << place & mask);

    initial out = 0;
    always @@(posedge clock)
        if (reset) out <= 0;
        else if (enable & ~write) out <= seen >> place & ALL;
        else if (enable & WRITEMODE == "WRITETHROUGH") out <= changed >> place & ALL;
        else if (enable & WRITEMODE == "READBEFOREWRITE") out <= seen >> place & ALL;
endmodule
