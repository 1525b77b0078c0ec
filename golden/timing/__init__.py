# SPDX-License-Identifier: BSD-2-Clause
"""How a network is laid out in hardware, and how many clock cycles that takes."""
