# SPDX-License-Identifier: BSD-2-Clause
"""A standalone design: weights from a flash, a sensor, and decisions as lines of text."""
