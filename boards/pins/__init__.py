# SPDX-License-Identifier: BSD-2-Clause
"""One small file a board: its pins, clock and lights."""
