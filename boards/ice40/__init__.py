# SPDX-License-Identifier: BSD-2-Clause
"""Bitstreams of the iCE40: read, turned into a netlist, and checked against the routed design."""
