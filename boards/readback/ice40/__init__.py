# SPDX-License-Identifier: BSD-2-Clause
"""Bitstreams of the iCE40: reading, conversion to a netlist, comparison with the routed design."""
