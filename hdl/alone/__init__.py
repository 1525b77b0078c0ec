# SPDX-License-Identifier: BSD-2-Clause
"""A design that needs no computer: weights from a flash, a sensor in, lines of text out."""
