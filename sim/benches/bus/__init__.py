# SPDX-License-Identifier: BSD-2-Clause
"""Benches of a core on a bus; the extra `test` brings their models of AXI, `cocotbext-axi`."""
