# SPDX-License-Identifier: BSD-2-Clause
"""The ECP5 as nextpnr and ecppack leave it: the routed design, and the bits."""
