# SPDX-License-Identifier: BSD-2-Clause
"""Learning image by image in integers: the rule, its state, and runs over a data set."""
