// SPDX-FileCopyrightText: the FirstSpike authors
// SPDX-License-Identifier: 0BSD
//
// Self-checking bench for the core in core.v; files and expected values from the golden model.
// Prints PASS and ends with the status 0, or prints FAIL with the first difference and ends with
// another status.
//
//     iverilog -g2005-sv *.v && vvp a.out
// or: verilator --binary --top bench *.v && obj_dir/Vbench
//
// Inputs change at the falling edge of the clock, outputs are read at the rising edge.

`timescale 1ns / 1ps

/* verilator lint_off PINCONNECTEMPTY */  // what is not checked is left open
/* verilator lint_off UNUSEDSIGNAL */  // causes of errors, and the log's image bit
/* verilator lint_off WIDTHEXPAND */  // fields are compared as 32 bits
/* verilator lint_off BLKSEQ */  // what is counted in a step is looked at in it

module bench;
  localparam IMAGES = @images;  // images
  localparam ITEMS = @items;  // payloads of the input port, of all images
  localparam LAYERS = @layers;
  localparam LOADS = @loads;  // payloads of the weight port, before the first image
  localparam PATIENCE = @patience;  // clock cycles an image may take
  localparam REST = 100;  // clock cycles after the last decision, in which no other may come

  reg clk, rst;
  always #5 clk = ~clk;

  // What goes in.
  reg [@item_msb:0] items[0:ITEMS-1];
  reg [@load_msb:0] loads[0:LOADS];
  // class, tick, forced, cycles, and spikes into each layer until the decision.
  reg [31:0] decisions[0:IMAGES*(4+LAYERS)-1];

  integer load, item, image, waited, first;
  reg in_valid, load_valid;
  reg [@item_msb:0] in_payload;
  reg [@load_msb:0] load_payload;
  wire in_ready, load_ready, decision_valid;
  wire [@decision_msb:0] decision;

@declarations
  firstspike_core core (
      .clk(clk),
      .rst(rst),
      .@{port}__valid(in_valid),
      .@{port}__ready(in_ready),
      .@{port}__payload(in_payload),
      .decision__valid(decision_valid),
      .decision__ready(1'b1),
      .decision__payload(decision),
@connections
      .weights__valid(load_valid),
      .weights__ready(load_ready),
      .weights__payload(load_payload),
      .weights_read__valid(),
      .weights_read__ready(1'b0),
      .weights_read__payload(),
      .abort_image(1'b0),
      .busy()
  );

  initial begin
    {clk, rst} = 2'b01;
    {load, item, image, waited} = 0;
    {in_valid, load_valid, in_payload, load_payload} = 0;
    if (LOADS > 0) $readmemh("weights.hex", loads, 0, LOADS - 1);
    $readmemh("items.hex", items);
    $readmemh("decisions.hex", decisions);
    repeat (3) @@(negedge clk);
    rst = 0;
  end

  // Sources that never pause: the weights, then the images.
  always @@(negedge clk)
    if (!rst) begin
      load_valid = load < LOADS;
      load_payload = loads[load];
      in_valid = !load_valid && item < ITEMS;
      if (in_valid) in_payload = items[item];
    end

  task check(input integer number, input [8*16-1:0] what, input [31:0] found,
             input [31:0] expected);
    if (found !== expected) begin
      $display("FAIL: image %0d: %0s is %0d, golden has %0d", number, what, found, expected);
      $fatal(0);
      #1;  // nothing after the first difference
    end
  endtask

  always @@(posedge clk)
    if (!rst) begin : step
      waited = waited + 1;
      if (load_valid && load_ready) begin
        load = load + 1;
        waited = 0;
      end
      if (in_valid && in_ready) item = item + 1;
      if (image == IMAGES) begin
        if (decision_valid) begin
          $display("FAIL: another decision comes after that of the last image");
          $fatal(0);
        end else if (waited == REST) begin
          $display("PASS: %0d images, every spike, decision and clock cycle equal", IMAGES);
          $finish(0);
        end
        disable step;
      end
@logs
      if (decision_valid) begin
        first = image * (4 + LAYERS);
        check(image, "class", decision@class, decisions[first]);
        check(image, "tick", decision@tick, decisions[first+1]);
        check(image, "forced", decision@forced, decisions[first+2]);
        check(image, "error", decision@error, 0);
@counts
        check(image, "cycles", decision@cycles, decisions[first+3]);
@ends
        waited = 0;
        image = image + 1;
      end else if (waited > PATIENCE) begin
        $display("FAIL: image %0d: no decision after %0d cycles", image, waited);
        $fatal(0);
      end
    end
endmodule
