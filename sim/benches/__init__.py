"""Test benches in cocotb, a module a block; run by `sim.runner`."""
