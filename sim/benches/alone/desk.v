// SPDX-License-Identifier: BSD-2-Clause
// A board that needs no computer, in clock cycles of the board, with what stands around it: a
// microphone that plays bits, its flash, and the end of the two lines of its UART. The board's clock stands
// still while it is `held`, so that the flash can be filled before power-up.

module desk (
    input clk, rst, held,
    input chunks__valid,  // bits for the microphone
    output chunks__ready,
    input [@chunk] chunks__payload,
    input filled__valid,  // a byte that the flash gets
    input [23:0] filled__address,
    input [7:0] filled__data,
    input asked__valid,  // a byte for the board
    output asked__ready,
    input [7:0] asked__payload,
    output said__valid,  // a byte of text
    input said__ready,
    output [7:0] said__payload,
    output selected  // the flash is
);
    wire clock = clk & ~held, rest_0 = 0, rest_1 = 1;
    wire cs, cs_n, sck, mosi, miso, microphone_clock, microphone_data, tx, rx;
@board
    assign selected = cs;
    spi_flash #(.BITS(@bits), .REST(@rest)) flash (
        clk, filled__valid, filled__address, filled__data, cs, sck, mosi, miso
    );
    tape tape (
        .clk(clk), .rst(rst), .clock(microphone_clock), .data(microphone_data), .chunks__valid(chunks__valid),
        .chunks__ready(chunks__ready), .chunks__payload(chunks__payload)
    );
    host #(@clocks) host (
        .clk(clk), .rst(rst), .received__valid(asked__valid), .received__ready(asked__ready),
        .received__payload(asked__payload), .to_board(rx),
        .sent__valid(said__valid), .sent__ready(said__ready), .sent__payload(said__payload),
        .from_board(tx)
    );
endmodule
