// SPDX-License-Identifier: BSD-2-Clause
// A board and the host's end of its line, in clock cycles of the board: bytes in and bytes out as
// streams, so that a bench wakes once a byte and not once a bit.

module netlist_bench (
    input clk, rst,
    input received__valid,  // bytes to the board, as the board's own link names them
    output received__ready,
    input [7:0] received__payload,
    output sent__valid,  // bytes from the board; none is taken before the next one has come
    input sent__ready,
    output [7:0] sent__payload@ports
);
    wire clock = clk, rest_0 = 0, rest_1 = 1, @wires;
@flash
    netlist board (@connections);
@taps
    host #(@clocks) host (
        clk, rst, received__valid, received__ready, received__payload, sent__valid, sent__ready,
        sent__payload, @wires
    );
endmodule
