// SPDX-License-Identifier: BSD-2-Clause
// The block RAM in which the models of an ECP5 and of Gowin's FPGAs agree.
//
// The memory is 2048 bytes, of 8 or 9 bits each. A port of so many bytes, or of fewer bits, addresses
// it so:
//
//     width          address
//     4 bytes        word 13 .. 5,  3 .. 0 enable the writing of a byte each
//     2 bytes        word 13 .. 4,  1 .. 0 likewise
//     1 byte         byte 13 .. 3
//     4, 2, 1 bits   byte 13 .. 3,  then the word of that size in it; a ninth bit is not reached
//
// MODE is what a port's output does while the port writes: 0 keeps it, 1 shows the word as it becomes,
// 2 as it was. A bit that one port reads in the very cycle in which the other writes it is read
// inverted: nobody promises anything better, so nothing may depend on it.
//
// A synchronous reset clears the output, enabled or not; the port writes nevertheless. What a cell has
// besides is UNLIKE, and does not compile; an asynchronous reset ends the simulation.

// The memory with both ports.
module block_ram(
    input clock_a, enable_a, write_a, reset_a,
    input [13:0] address_a,
    input [4*BYTE-1:0] data_a,
    output [4*BYTE-1:0] out_a,
    input clock_b, enable_b, write_b, reset_b,
    input [13:0] address_b,
    input [4*BYTE-1:0] data_b,
    output [4*BYTE-1:0] out_b
);
    parameter BYTE = 9, WIDTH_A = BYTE, WIDTH_B = BYTE, MODE_A = 0, MODE_B = 0, UNLIKE = 0;
    parameter RESET_MODE = "SYNC";
    parameter [2048*BYTE-1:0] INIT = 0;

    generate
        if (UNLIKE != 0) begin : mode
            block_ram_mode_is_not_modelled error();
        end
    endgenerate

    always @@(posedge reset_a, posedge reset_b)
        if (RESET_MODE != "SYNC") $fatal(1, "asynchronous reset of block RAM is not modelled");

    reg [BYTE-1:0] memory [0:2047];
    integer place;
    initial
        for (place = 0; place < 2048; place = place + 1)
            memory[place] = INIT[BYTE * place +: BYTE];

    wire [10:0] first_a, first_b;
    wire [3:0] written_a, written_b;
    wire [4*BYTE-1:0] bytes_a, bytes_b, mask_a, mask_b, changed_a, changed_b;

    block_ram_port #(.BYTE(BYTE), .WIDTH(WIDTH_A), .MODE(MODE_A)) port_a (
        .clock(clock_a), .enable(enable_a), .write(write_a), .reset(reset_a), .address(address_a),
        .data(data_a), .out(out_a), .bytes(bytes_a), .first(first_a), .written(written_a),
        .mask(mask_a), .changed(changed_a), .first_other(first_b), .mask_other(mask_b));
    block_ram_port #(.BYTE(BYTE), .WIDTH(WIDTH_B), .MODE(MODE_B)) port_b (
        .clock(clock_b), .enable(enable_b), .write(write_b), .reset(reset_b), .address(address_b),
        .data(data_b), .out(out_b), .bytes(bytes_b), .first(first_b), .written(written_b),
        .mask(mask_b), .changed(changed_b), .first_other(first_a), .mask_other(mask_a));

    genvar lane;
    generate
        for (lane = 0; lane < 4; lane = lane + 1) begin : lanes
            if (lane * BYTE < WIDTH_A) begin : a
                assign bytes_a[BYTE * lane +: BYTE] = memory[first_a + lane];
                always @@(posedge clock_a)
                    if (written_a[lane])
                        memory[first_a + lane] <= changed_a[BYTE * lane +: BYTE];
            end else
                assign bytes_a[BYTE * lane +: BYTE] = 0;
            if (lane * BYTE < WIDTH_B) begin : b
                assign bytes_b[BYTE * lane +: BYTE] = memory[first_b + lane];
                always @@(posedge clock_b)
                    if (written_b[lane])
                        memory[first_b + lane] <= changed_b[BYTE * lane +: BYTE];
            end else
                assign bytes_b[BYTE * lane +: BYTE] = 0;
        end
    endgenerate
endmodule

// One port: its address, what it writes, and its output register.
module block_ram_port(
    input clock, enable, write, reset,
    input [13:0] address,
    input [4*BYTE-1:0] data,
    output reg [4*BYTE-1:0] out,
    output [10:0] first,  // byte that is addressed
    input [4*BYTE-1:0] bytes,  // the content from there on, as wide as the port
    output [3:0] written,  // which of these are written in this cycle
    output [4*BYTE-1:0] mask,  // which of their bits
    output [4*BYTE-1:0] changed,  // what they become
    input [10:0] first_other,  // of the other port
    input [4*BYTE-1:0] mask_other
);
    parameter BYTE = 9, WIDTH = BYTE, MODE = 0;
    localparam [4*BYTE-1:0] ALL = {4 * BYTE{1'b1}} >> (4 * BYTE - WIDTH);

    assign first = WIDTH == 4 * BYTE ? {address[13:5], 2'b0}
        : WIDTH == 2 * BYTE ? {address[13:4], 1'b0} : address[13:3];
    wire [3:0] lanes = WIDTH == 4 * BYTE ? address[3:0]
        : WIDTH == 2 * BYTE ? {2'b0, address[1:0]} : 4'b1;
    wire [2:0] place = WIDTH == 4 ? address[2:0] & 3'b100
        : WIDTH == 2 ? address[2:0] & 3'b110 : WIDTH == 1 ? address[2:0] : 3'b0;
    assign written = lanes & {4{enable & write}};

    wire [4*BYTE-1:0] seen;
    genvar lane;
    generate
        for (lane = 0; lane < 4; lane = lane + 1) begin : each
            wire [10:0] distance = first + lane - first_other;
            assign seen[BYTE * lane +: BYTE] = bytes[BYTE * lane +: BYTE]
                ^ (distance < 4 ? mask_other[BYTE * distance[1:0] +: BYTE] : {BYTE{1'b0}});
            assign mask[BYTE * lane +: BYTE] =
                (ALL >> BYTE * lane << place) & {BYTE{written[lane]}};
        end
    endgenerate
    assign changed = (bytes & ~mask) | (data << place & mask);

    initial out = 0;
    always @@(posedge clock)
        if (reset) out <= 0;
        else if (enable & ~write) out <= seen >> place & ALL;
        else if (enable & MODE == 1) out <= changed >> place & ALL;
        else if (enable & MODE == 2) out <= seen >> place & ALL;
endmodule
