# SPDX-License-Identifier: BSD-2-Clause
"""One small file per board: its pins, clock and lights."""
