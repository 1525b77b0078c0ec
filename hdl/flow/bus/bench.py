# SPDX-License-Identifier: BSD-2-Clause
"""A testbench in plain Verilog, in which a core on a bus decides one image."""

from amaranth.lib import wiring

from firstspike.hdl.bus.bus_core import Port
from firstspike.hdl.bus.core_map import MAGIC, NO_ROW, TICK_BITS
from firstspike.hdl.bus.images import EVENTS, Images
from firstspike.hdl.bus.register import RegisterMap
from firstspike.hdl.flow.wrapping import filled

_BENCH = """\
// Reads what the core is, @{writes}sends an image
// @{what}, and prints what is decided; or what is wrong. Inputs change at the falling
// edge of the clock, and outputs are read at the rising edge.

`timescale 1ns / 1ps

/* verilator lint_off DECLFILENAME */
/* verilator lint_off UNUSEDSIGNAL */
module @{name}_bench;
@{wires}

  reg [31:0] cycle, written, sent;
  reg known, begun, read_taken, beat_taken, address_taken, word_taken, answered;

  @{name} core (
@{connections}
  );

  initial begin
    aclk = 0;
    aresetn = 0;
    cycle = 0;
    written = 0;
    sent = 0;
    known = 0;
    begun = 0;
    read_taken = 0;
    beat_taken = 0;
    address_taken = 0;
    word_taken = 0;
    answered = 0;
    s_axi_arvalid = 0;
    s_axi_awvalid = 0;
    s_axi_wvalid = 0;
    @{bus}_tvalid = 0;
    @{bus}_tlast = 0;
    forever #5 aclk = !aclk;
  end

  always @@(negedge aclk) begin
    cycle <= cycle + 1;
    aresetn <= cycle > 3;
    if (cycle == 5) s_axi_arvalid <= 1;
    if (read_taken) s_axi_arvalid <= 0;
    if ((cycle == 5 || answered) && written != @{words}) begin
      s_axi_awvalid <= 1;
      s_axi_wvalid <= 1;
      written <= written + 1;
    end else begin
      if (address_taken) s_axi_awvalid <= 0;
      if (word_taken) s_axi_wvalid <= 0;
    end
    if (!begun && (@{words} == 0 ? cycle == 5 : answered && written == @{words})) begin
      begun <= 1;
      @{bus}_tvalid <= 1;
      @{bus}_tlast <= @{beats} == 1;
    end
    if (beat_taken) begin
      sent <= sent + 1;
      @{bus}_tlast <= sent + 2 == @{beats};
      if (@{bus}_tlast) @{bus}_tvalid <= 0;
    end
    if (cycle == @{patience}) begin
      $display("FAIL: no decision comes");
      $fatal(0);
    end
  end

  always @@(posedge aclk) begin
    read_taken <= s_axi_arvalid && s_axi_arready;
    beat_taken <= @{bus}_tvalid && @{bus}_tready;
    address_taken <= s_axi_awvalid && s_axi_awready;
    word_taken <= s_axi_wvalid && s_axi_wready;
    answered <= aresetn && s_axi_bvalid;
    if (aresetn && s_axi_rvalid) begin
      known <= s_axi_rresp == 0 && s_axi_rdata == 32'h@{magic};
    end
    if (aresetn && m_axis_decision_tvalid) begin
      $display("decision %h", m_axis_decision_tdata);
      if (m_axis_decision_tlast) begin
        if (known) begin
          $display("PASS");
          $finish(0);
        end else begin
          $display("FAIL: the registers do not say what it is");
          $fatal(0);
        end
      end
    end
  end
endmodule
"""


def bench(
    images: Images,
    ports: list[Port],
    registers: RegisterMap,
    name: str,
    notice: str,
    words: int = 0,
) -> str:
    """Return the testbench of module `name`, after the comment `notice`.

    The bench first writes zeros into the first `words` words of weights.
    """
    beats, bus, events = max(images.beats, 1), images.bus, images.kind == EVENTS
    constant = {
        "s_axi_araddr": str(registers.by_name["magic"].offset),
        "s_axi_awaddr": str(registers.by_name["weight_data"].offset),
        "s_axi_wstrb": "~4'd0",
        "s_axi_bready": "1",
        "s_axi_rready": "1",
        "m_axis_decision_tready": "1",
        f"{bus}_tdata": f"32'h{NO_ROW << TICK_BITS:x}" if events else "0",
        f"{bus}_tkeep": f"~{images.bits // 8}'d0",
    }
    valids = (f"{one}valid" for one in ("s_axi_ar", "s_axi_aw", "s_axi_w", f"{bus}_t"))
    changing = ("aclk", "aresetn", *valids, f"{bus}_tlast")
    wires = []
    for port in ports:
        size = f"[{port.width - 1}:0] " if port.width > 1 else ""
        if port.name in changing:
            wires.append(f"  reg {size}{port.name};")
        else:
            value = f" = {constant.get(port.name, '0')}" if port.flow is wiring.In else ""
            wires.append(f"  wire {size}{port.name}{value};")
    first = "".join(f"// {line}\n" for line in notice.splitlines())
    return first + filled(
        _BENCH,
        name=name,
        bus=bus,
        wires="\n".join(wires),
        connections=",\n".join(f"    .{port.name}({port.name})" for port in ports),
        magic=f"{MAGIC:x}",
        beats=beats,
        words=words,
        writes="writes weights of zero, " if words else "",
        what="without a spike" if events else "of dark pixels",
        patience=1_000_000 + 16 * words,
    )
