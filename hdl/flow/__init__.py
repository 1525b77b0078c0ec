# SPDX-License-Identifier: BSD-2-Clause
"""From Amaranth to Verilog and to netlists: interface descriptions, devices, and the tools."""
