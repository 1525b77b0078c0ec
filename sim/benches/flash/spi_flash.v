// SPDX-License-Identifier: BSD-2-Clause
// A serial flash in mode 0, as far as a design reads it: commands 0xAB (wake) and 0x03 (read).
// It sleeps at power-up, and hears nothing for REST cycles of `clk` after it was woken. What is not
// driven reads as 1. The bench fills it, byte by byte, through the ports in front.

module spi_flash #(parameter BITS = 16, REST = 3) (
    input clk, write,
    input [23:0] address,
    input [7:0] data,
    input cs, sck, mosi,  // cs is high while it is selected
    output reg miso
);
    reg [7:0] memory [0:(1 << BITS) - 1];
    always @(posedge clk) if (write) memory[address[BITS-1:0]] <= data;

    reg awake = 0, selected = 0;
    reg [31:0] rested = 0;
    always @(posedge clk) rested <= cs | ~awake ? 0 : rested + (rested != REST);
    reg able = 0;  // it hears what comes now
    always @(posedge cs) able <= rested == REST;

    reg [31:0] count = 0, came = 0;  // bits since it was selected, and the first 32 of them
    always @(posedge sck or negedge cs)
        if (!cs) begin
            if (count == 8 & came[7:0] == 8'hab) awake <= 1;
            count <= 0;
        end else begin
            count <= count + 1;
            if (count < 32) came <= {came[30:0], mosi};
        end

    wire [31:0] given = count - 32;  // bits that have been given
    wire [23:0] place = came[23:0] + given[26:3];
    always @(negedge sck or negedge cs)
        if (!cs | count < 32 | !able | came[31:24] != 8'h03) miso <= 1;
        else miso <= memory[place[BITS-1:0]][7 - given[2:0]];
    integer i;
    initial begin
        miso = 1;
        for (i = 0; i < 1 << BITS; i = i + 1) memory[i] = 8'hff;  // empty
    end
endmodule
