# SPDX-License-Identifier: BSD-2-Clause
"""The layout of a network in hardware, and its number of clock cycles."""
