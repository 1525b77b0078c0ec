# SPDX-License-Identifier: BSD-2-Clause
"""From a network to a programmed board: what fits, bitstreams, programmers."""
