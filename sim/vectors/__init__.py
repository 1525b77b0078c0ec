"""Test vectors, and a bench in plain Verilog that uses them."""
