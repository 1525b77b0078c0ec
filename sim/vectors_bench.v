// Self-checking bench for the core in core.v; files and expected values from the golden model.
// Prints PASS, or FAIL with the first difference, and ends.
//
//     iverilog -g2005-sv *.v && vvp a.out
//
// Inputs change at the falling edge of the clock, outputs are read at the rising edge.

`timescale 1ns / 1ns

module bench;
  localparam IMAGES = @images;  // images
  localparam ITEMS = @items;  // payloads of the input port, of all images
  localparam LAYERS = @layers;
  localparam PATIENCE = @patience;  // clock cycles an image may take

  reg clk = 0, rst = 1;
  always #5 clk = ~clk;

  // What goes in, and where each image's part of it ends.
  reg [@item_msb:0] items[0:ITEMS-1];
  reg [31:0] item_ends[0:IMAGES-1];
  // class, tick, forced, cycles, and spikes into each layer until the decision.
  reg [31:0] decisions[0:IMAGES*(4+LAYERS)-1];

  integer item = 0, fed = 0, image = 0, waited = 0, layer;
  reg in_valid = 0;
  reg [@item_msb:0] in_payload = 0;
  wire in_ready, decision_valid;
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
      .weights__valid(1'b0),
      .weights__ready(),
      .weights__payload(@{weights_bits}'b0),
      .weights_read__valid(),
      .weights_read__ready(1'b0),
      .weights_read__payload(),
      .abort_image(1'b0),
      .busy()
  );

  initial begin
    $readmemh("items.hex", items);
    $readmemh("item_ends.hex", item_ends);
    $readmemh("decisions.hex", decisions);
@reads
    repeat (3) @@(negedge clk);
    rst = 0;
  end

  // The source never pauses.
  always @@(negedge clk)
    if (!rst) begin
      in_valid = item < ITEMS;
      if (item < ITEMS) in_payload = items[item];
    end

  task check(input integer number, input [8*13-1:0] what, input [31:0] found,
             input [31:0] expected);
    if (found !== expected) begin
      $display("FAIL: image %0d: %0s is %0d, golden has %0d", number, what, found, expected);
      $finish;
      #1;  // nothing after the first difference
    end
  endtask

  always @@(posedge clk)
    if (!rst) begin
      if (in_valid && in_ready) item = item + 1;
@logs
      waited = waited + 1;
      if (decision_valid) begin
        layer = image * (4 + LAYERS);
        check(image, "class", decision[@class], decisions[layer]);
        check(image, "tick", decision[@tick], decisions[layer+1]);
        check(image, "forced", decision[@forced], decisions[layer+2]);
        check(image, "error", decision[@error], 0);
@counts
        check(image, "cycles", decision[@cycles], decisions[layer+3]);
@ends
        waited = 0;
        image = image + 1;
        if (image == IMAGES) begin
          $display("PASS: %0d images, every spike, decision and clock cycle equal", IMAGES);
          $finish;
        end
      end else if (waited > PATIENCE) begin
        $display("FAIL: image %0d: no decision after %0d cycles", image, waited);
        $finish;
      end
    end
endmodule
