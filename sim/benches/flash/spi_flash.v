// SPDX-License-Identifier: BSD-2-Clause
// A serial flash in mode 0, as far as designs use it: commands 0xAB (wake), 0x03 (read), 0x05
// (status), 0x06 (enable a change), 0x02 (program a page) and 0x20 (erase a sector). Unless it is
// AWAKE, it sleeps at power-up. It hears nothing for REST cycles of `clk` after it was woken. A
// change takes CHANGE cycles, in which the flash answers only the status. While it is `locked`, the
// status has the bits of protected blocks, and nothing changes. What is not driven reads as 1. The
// bench fills it, byte by byte, through the ports in front; `stored` is the byte at `address`.

module spi_flash #(parameter BITS = 16, REST = 3, AWAKE = 0, parameter [31:0] CHANGE = 200) (
    input clk, write,
    input [23:0] address,
    input [7:0] data,
    input cs, sck, mosi,  // cs is high while it is selected
    output reg miso,
    input locked,
    output [7:0] stored
);
    reg [7:0] memory [0:(1 << BITS) - 1];
    assign stored = memory[address[BITS-1:0]];

    reg awake = AWAKE;
    reg [31:0] rested = 0;
    always @(posedge clk) rested <= ~awake ? 0 : rested + (rested != REST);
    reg able = 0;  // it hears what comes now
    always @(posedge cs) able <= ~awake | rested == REST;

    reg [31:0] count = 0, came = 0, ended = 0;  // bits since it was selected, the first 32, all before
    reg [7:0] command = 0, latest = 0, page [0:255];
    wire [31:0] given = count - 32;  // bits behind command and address
    always @(posedge sck or negedge cs)
        if (!cs) begin
            if (able & count == 8 & command == 8'hab) awake <= 1;
            ended <= count;
            count <= 0;
        end else begin
            count <= count + 1;
            latest <= {latest[6:0], mosi};
            if (count < 32) came <= {came[30:0], mosi};
            if (count == 7) command <= {latest[6:0], mosi};
            if (count >= 32 & count[2:0] == 7) page[came[7:0] + given[10:3]] <= {latest[6:0], mosi};
        end

    reg selected = 0, enabled = 0;
    reg [31:0] busy = 0;  // cycles until the change has ended
    wire [7:0] status = {3'b0, locked, locked, locked, enabled, busy != 0};
    wire [BITS-1:0] place = came[BITS-1:0];
    integer i;
    always @(posedge clk) begin
        if (busy != 0) busy = busy - 1;
        else if (selected & ~cs & able & awake) begin
            if (ended == 8 & command == 8'h06) enabled = 1;
            if (enabled & command == 8'h20 & ended == 32) begin
                for (i = 0; i < 4096 & ~locked; i = i + 1) memory[{place[BITS-1:12], 12'b0} + i] = 8'hff;
                {enabled, busy} = {1'b0, CHANGE};
            end
            if (enabled & command == 8'h02 & ended > 32 & ended[2:0] == 0) begin
                for (i = 0; i < ended / 8 - 4 & ~locked; i = i + 1)
                    memory[{place[BITS-1:8], place[7:0] + i[7:0]}] =
                        memory[{place[BITS-1:8], place[7:0] + i[7:0]}] & page[place[7:0] + i[7:0]];
                {enabled, busy} = {1'b0, CHANGE};
            end
        end
        if (write) memory[address[BITS-1:0]] = data;
        selected = cs;
    end

    wire [BITS-1:0] read = place + given[BITS+2:3];
    always @(negedge sck or negedge cs)
        if (!cs | !able | !awake) miso <= 1;
        else if (count >= 8 & command == 8'h05) miso <= status[7 - count[2:0]];
        else if (count >= 32 & command == 8'h03 & busy == 0) miso <= memory[read][7 - given[2:0]];
        else miso <= 1;
    initial begin
        miso = 1;
        for (i = 0; i < 1 << BITS; i = i + 1) memory[i] = 8'hff;  // empty
    end
endmodule
