# SPDX-License-Identifier: BSD-2-Clause
"""Random cases without end: `make soak`."""
