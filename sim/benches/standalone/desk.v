// SPDX-License-Identifier: BSD-2-Clause
// A board that needs no computer, in clock cycles of the board, with what stands around it: what it
// senses, its flash, and the end of the two lines of its UART. The board's clock stands still while it
// is `held`, so that the flash can be filled before power-up.

module desk (
    input clk, rst, held,
    @ports,
    input filled__valid,  // a byte that the flash gets
    input [23:0] filled__address,
    input [7:0] filled__data,
    input requests__valid,  // a byte for the board
    output requests__ready,
    input [7:0] requests__payload,
    output text__valid,  // a byte of text
    input text__ready,
    output [7:0] text__payload,
    output selected  // the flash is
);
    wire clock = clk & ~held, rest_0 = 0, rest_1 = 1;
    wire cs, cs_n, sck, mosi, miso, tx, rx;
@parts
@board
    assign selected = cs;
    spi_flash #(.BITS(@bits), .REST(@rest)) flash (
        clk, filled__valid, filled__address, filled__data, cs, sck, mosi, miso,
        1'b0,
    );
    host #(@clocks) host (
        .clk(clk), .rst(rst), .received__valid(requests__valid), .received__ready(requests__ready),
        .received__payload(requests__payload), .to_board(rx),
        .sent__valid(text__valid), .sent__ready(text__ready), .sent__payload(text__payload),
        .from_board(tx)
    );
endmodule
