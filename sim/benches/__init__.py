# SPDX-License-Identifier: BSD-2-Clause
"""Benches that verbs run: of a whole core, a link, a netlist, and a design without a computer."""
