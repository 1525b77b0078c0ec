// SPDX-License-Identifier: BSD-2-Clause
// Plays the bits of a file to an Ear, and prints its decisions: for long sounds, without Python.
//
// The file bits.bin has chunks of 32 bytes, the highest byte first. Printed is the cycle in which
// the first bit is taken, and then cycle and payload of each decision. Defined before are the
// PAYLOAD_BITS of a decision, and TAIL, the cycles that follow after the last chunk was taken.
`timescale 1ns / 1ns
module bench;
    reg clk = 0, rst = 1, valid = 0, begun = 0;
    reg [255:0] chunk, following;
    wire ready, decided;
    wire [`PAYLOAD_BITS - 1:0] payload;
    integer file, left = `TAIL;
    integer cycle = 0;

    ear dut (
        .clk(clk), .rst(rst),
        .chunks__valid(valid), .chunks__ready(ready), .chunks__payload(chunk),
        .decision__valid(decided), .decision__ready(1'b1), .decision__payload(payload)
    );

    always #5 clk = ~clk;

    initial begin
        file = $fopen("bits.bin", "rb");
        valid = $fread(chunk, file) == 32;
        repeat (2) @(negedge clk);
        rst = 0;
    end

    // Between two rising edges everything is steady.
    always @(negedge clk) if (!rst) begin
        if (valid && ready && !begun) begin
            $display("%0d", cycle);
            begun <= 1;
        end
        if (decided) $display("%0d %h", cycle, payload);
        cycle <= cycle + 1;
        if (!valid) left <= left - 1;
        if (left == 0) $finish;
    end

    always @(posedge clk) if (!rst && valid && ready) begin
        if ($fread(following, file) == 32) chunk <= following;
        else valid <= 0;
    end
endmodule
