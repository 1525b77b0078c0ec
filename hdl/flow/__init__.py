# SPDX-License-Identifier: BSD-2-Clause
"""Turns Amaranth into Verilog and netlists: it describes interfaces, knows devices, runs tools."""
