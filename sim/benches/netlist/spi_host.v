// SPDX-License-Identifier: BSD-2-Clause
// The host's end of SPI: a master in mode 0, CLOCKS cycles a bit, who reads where he has nothing to
// send. He lets go of the board behind each frame that he has sent, and waits within one for the rest
// of it. Zeros from the board that end no frame are not passed on.

module host #(parameter CLOCKS = 4) (
    input clk, rst,
    input received__valid,
    output received__ready,
    input [7:0] received__payload,
    output reg sent__valid,
    input sent__ready,
    output reg [7:0] sent__payload,
    output reg sck, mosi, cs_n,
    input miso
);
    localparam WIDTH = $clog2(CLOCKS + 1);

    reg [7:0] going, coming;
    reg [3:0] left;  // bits of the byte
    reg [WIDTH-1:0] phase;  // of the bit; where there is none, cycles that have to pass
    reg begun;  // something has been sent: a board in its reset is not chosen
    reg sending, receiving;  // a frame
    reg ends;  // with this byte a frame that is sent
    initial begin
        sck = 0;
        mosi = 0;
        cs_n = 1;
        left = 0;
        phase = CLOCKS;
        begun = 0;
        sending = 0;
        receiving = 0;
        ends = 0;
        sent__valid = 0;
    end
    wire free = left == 0 & phase == 0 & !cs_n;
    wire [7:0] next = received__valid ? received__payload : 0;
    assign received__ready = free;
    always @(posedge clk) begin
        if (sent__ready) sent__valid <= 0;
        if (received__valid) begun <= 1;
        if (left != 0) begin
            phase <= phase + 1;
            if (phase == CLOCKS / 2 - 1) begin
                sck <= 1;
                coming <= {coming[6:0], miso};
            end
            if (phase == CLOCKS - 1) begin
                sck <= 0;
                mosi <= going[6];
                going <= going << 1;
                phase <= 0;
                left <= left - 1;
                if (left == 1) begin
                    sent__valid <= receiving | coming != 0;
                    sent__payload <= coming;
                    receiving <= coming != 0;
                    if (ends) begin
                        cs_n <= 1;
                        phase <= CLOCKS;
                    end
                end
            end
        end else if (phase != 0)
            phase <= phase - 1;
        else if (cs_n) begin
            if (begun) begin
                cs_n <= 0;
                phase <= CLOCKS;
            end
        end else if (received__valid | !sending) begin
            left <= 8;
            going <= next;
            mosi <= next[7];
            sending <= next != 0;
            ends <= sending & next == 0;
        end
    end
endmodule
