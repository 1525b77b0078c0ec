// SPDX-License-Identifier: BSD-2-Clause
// The host's end of a UART, 8N1, CLOCKS cycles a bit.

module host #(parameter CLOCKS = 4) (
    input clk, rst,
    input received__valid,
    output received__ready,
    input [7:0] received__payload,
    output reg sent__valid,
    input sent__ready,
    output reg [7:0] sent__payload,
    output to_board,
    input from_board
);
    localparam WIDTH = $clog2(CLOCKS + 1);

    // To the board: a start bit, eight bits, a stop bit.
    reg [9:0] going = 10'h3ff;
    reg [3:0] left = 0;
    reg [WIDTH-1:0] going_wait = 0;
    wire bit_ends = going_wait == CLOCKS - 1;
    assign to_board = going[0];
    assign received__ready = left == 0 | (left == 1 & bit_ends);
    always @(posedge clk)
        if (rst) begin
            going <= 10'h3ff;
            left <= 0;
        end else if (received__valid & received__ready) begin
            going <= {1'b1, received__payload, 1'b0};
            left <= 10;
            going_wait <= 0;
        end else begin
            going_wait <= bit_ends ? 0 : going_wait + 1;
            if (bit_ends) going <= {1'b1, going[9:1]};
            if (bit_ends & left != 0) left <= left - 1;
        end

    // From the board: each bit is read in its middle.
    reg [9:0] coming = 0;
    reg [3:0] missing = 0;
    reg [WIDTH-1:0] coming_wait = 0;
    always @(posedge clk) begin
        if (sent__ready) sent__valid <= 0;
        if (rst) begin
            sent__valid <= 0;
            missing <= 0;
        end else if (missing == 0) begin
            if (!from_board) begin
                missing <= 10;
                coming_wait <= (CLOCKS - 1) / 2;
            end
        end else if (coming_wait != 0)
            coming_wait <= coming_wait - 1;
        else begin
            coming <= {from_board, coming[9:1]};
            coming_wait <= CLOCKS - 1;
            missing <= missing - 1;
            if (missing == 1) begin
                sent__valid <= from_board;  // no byte without a stop bit
                sent__payload <= coming[9:2];
            end
        end
    end
endmodule
