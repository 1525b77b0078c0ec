# SPDX-License-Identifier: BSD-2-Clause
"""Training in floating point, and the way from real weights to the integer network."""
