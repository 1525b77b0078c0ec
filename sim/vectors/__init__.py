# SPDX-License-Identifier: BSD-2-Clause
"""Test vectors, and a bench in plain Verilog that uses them."""
