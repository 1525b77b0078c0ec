# SPDX-License-Identifier: BSD-2-Clause
"""Training in floating point, and the quantisation of real weights to the integer network."""
