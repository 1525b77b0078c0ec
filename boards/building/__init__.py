# SPDX-License-Identifier: BSD-2-Clause
"""The way from a network to a programmed board: what fits, bitstreams, programmers."""
