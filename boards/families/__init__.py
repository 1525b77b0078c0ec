# SPDX-License-Identifier: BSD-2-Clause
"""What a board asks of its family of FPGAs: the PLL, and what builds take; a file per family.

How a family is synthesised for is in `hdl/flow/devices.py`.
"""
