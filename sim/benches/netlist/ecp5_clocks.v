// SPDX-License-Identifier: BSD-2-Clause
// Clocks and resets of the ECP5, of which Yosys ships empty boxes, for simulations that count clock
// cycles and have no time: all outputs of a PLL are its input clock itself, whatever the dividers
// say, and the lock comes after 16 cycles. That the dividers make the clock that was asked for is
// not checked by this.

module EHXPLLL(
    input CLKI, CLKFB, PHASESEL1, PHASESEL0, PHASEDIR, PHASESTEP, PHASELOADREG, STDBY,
        PLLWAKESYNC, RST, ENCLKOP, ENCLKOS, ENCLKOS2, ENCLKOS3,
    output CLKOP, CLKOS, CLKOS2, CLKOS3, LOCK, INTLOCK, REFCLK, CLKINTFB
);
    // What a netlist may set, and nothing here looks at.
    parameter CLKI_DIV = 0, CLKFB_DIV = 0, CLKOP_DIV = 0, CLKOS_DIV = 0, CLKOS2_DIV = 0, CLKOS3_DIV = 0,
        CLKOP_ENABLE = 0, CLKOS_ENABLE = 0, CLKOS2_ENABLE = 0, CLKOS3_ENABLE = 0, CLKOP_CPHASE = 0,
        CLKOS_CPHASE = 0, CLKOS2_CPHASE = 0, CLKOS3_CPHASE = 0, CLKOP_FPHASE = 0, CLKOS_FPHASE = 0,
        CLKOS2_FPHASE = 0, CLKOS3_FPHASE = 0, FEEDBK_PATH = 0, CLKOP_TRIM_POL = 0,
        CLKOP_TRIM_DELAY = 0, CLKOS_TRIM_POL = 0, CLKOS_TRIM_DELAY = 0, OUTDIVIDER_MUXA = 0, OUTDIVIDER_MUXB = 0,
        OUTDIVIDER_MUXC = 0, OUTDIVIDER_MUXD = 0, PLL_LOCK_MODE = 0, PLL_LOCK_DELAY = 0,
        STDBY_ENABLE = 0, REFIN_RESET = 0, SYNC_ENABLE = 0, INT_LOCK_STICKY = 0, DPHASE_SOURCE = 0,
        PLLRST_ENA = 0, INTFB_WAKE = 0;

    assign {CLKOP, CLKOS, CLKOS2, CLKOS3, REFCLK, CLKINTFB} = {6{CLKI}};
    reg [4:0] cycles = 0;
    always @@(posedge CLKI)
        if (RST) cycles <= 0;
        else if (!LOCK) cycles <= cycles + 1;
    assign LOCK = cycles[4];
    assign INTLOCK = LOCK;
endmodule

// The global set and reset returns every flip-flop to the value it has at power-up, from which
// simulations start anyway.
module GSR(input GSR);
endmodule

module SGSR(input GSR, CLK);
endmodule

// The clock of the flash has no pin in a netlist: a flash around it is not read.
module USRMCLK(input USRMCLKI, USRMCLKTS);
endmodule
