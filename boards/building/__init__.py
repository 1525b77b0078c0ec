# SPDX-License-Identifier: BSD-2-Clause
"""The steps from a network to a programmed board: planning, bitstreams, programmers."""
