# SPDX-License-Identifier: BSD-2-Clause
"""A search for networks for a board: trainings in rungs, the planner's foldings, a front."""

JOURNAL = "search.log"
"""Name of the file in which a search keeps what it has tried."""
