# SPDX-License-Identifier: BSD-2-Clause
"""The core on a desk: one small file a board, what fits on it, bitstreams, and programming."""
