# SPDX-License-Identifier: BSD-2-Clause
"""The bench of a board's netlist, and models of the cells that it is made of."""
