# SPDX-License-Identifier: BSD-2-Clause
"""Reads and checks ECP5 files: the routed design of nextpnr, and the bitstream of ecppack."""
