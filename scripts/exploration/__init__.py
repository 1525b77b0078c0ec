# SPDX-License-Identifier: BSD-2-Clause
"""A search for networks for a board: trainings in rungs, the planner's foldings, a front."""
