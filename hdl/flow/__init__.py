# SPDX-License-Identifier: BSD-2-Clause
"""The flow from Amaranth to Verilog and netlists: interfaces, devices and tools."""
