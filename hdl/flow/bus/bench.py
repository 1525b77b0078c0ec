"""A bench in plain Verilog that lets a core on a bus decide one image."""

from amaranth.lib import wiring

from firstspike.hdl.bus.bus_core import Port, images_bus
from firstspike.hdl.bus.core_map import MAGIC, NO_ROW, TICK_BITS, beats_of
from firstspike.hdl.bus.register import RegisterMap
from firstspike.hdl.core.config import CoreConfig

_BENCH = """\
// Reads what the core is, sends an image without a spike, and prints what is decided; or what is
// wrong. Inputs change at the falling edge of the clock, outputs are read at the rising edge.

`timescale 1ns / 1ps

/* verilator lint_off DECLFILENAME */
/* verilator lint_off UNUSEDSIGNAL */
module @name@_bench;
@wires@

  integer beats = 0;
  reg known = 0;
  always #5 aclk = !aclk;

  @name@ core (
@connections@
  );

  initial begin
    repeat (4) @@(negedge aclk);
    aresetn = 1;
    s_axi_araddr = @magic_offset@;
    s_axi_arvalid = 1;
    s_axi_rready = 1;
    @bus@_tdata = @data@;
    @bus@_tvalid = 1;
    @bus@_tlast = @last@;
    m_axis_decision_tready = 1;
    repeat (1000000) @@(negedge aclk);
    $display("FAIL: no decision comes");
    $finish;
  end

  always @@(posedge aclk) if (aresetn) begin
    if (s_axi_arvalid && s_axi_arready) s_axi_arvalid <= #1 0;
    if (s_axi_rvalid && s_axi_rready) begin
      if (s_axi_rresp != 0 || s_axi_rdata != 32'h@magic@) begin
        $display("FAIL: the core says that it is %h", s_axi_rdata);
        $finish;
      end
      known <= 1;
    end
    if (@bus@_tvalid && @bus@_tready) begin
      beats <= beats + 1;
      @bus@_tlast <= #1 beats + 2 == @beats@;
      if (@bus@_tlast) @bus@_tvalid <= #1 0;
    end
    if (m_axis_decision_tvalid && m_axis_decision_tready) begin
      $display("decision %h", m_axis_decision_tdata);
      if (m_axis_decision_tlast) begin
        $display(known ? "PASS" : "FAIL: the registers say nothing");
        $finish;
      end
    end
  end
endmodule
"""


def bench(
    config: CoreConfig, ports: list[Port], registers: RegisterMap, name: str, said: str
) -> str:
    """The bench of module `name`; `said` is what it says of itself at first."""
    beats = 1 if config.bitmap is None else beats_of(config)
    wires = []
    for port in ports:
        size = f"[{port.width - 1}:0] " if port.width > 1 else ""
        if port.flow is wiring.In:
            value = f"~{port.width}'d0" if port.signal in ("tkeep", "wstrb") else "0"
            wires.append(f"  reg {size}{port.name} = {value};")
        else:
            wires.append(f"  wire {size}{port.name};")
    values = {
        "name": name,
        "bus": images_bus(config),
        "wires": "\n".join(wires),
        "connections": ",\n".join(f"    .{port.name}({port.name})" for port in ports),
        "magic_offset": str(registers.by_name["magic"].offset),
        "magic": f"{MAGIC:x}",
        "data": "0" if config.bitmap else f"32'h{NO_ROW << TICK_BITS:x}",
        "last": str(int(beats == 1)),
        "beats": str(beats),
    }
    text = _BENCH.replace("@@", "\0")
    for word, value in values.items():
        text = text.replace(f"@{word}@", value)
    first = "".join(f"// {line}\n" for line in said.splitlines())
    return first + text.replace("\0", "@")
