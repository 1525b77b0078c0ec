# SPDX-License-Identifier: BSD-2-Clause
"""A search for networks for a board: trainings by successive halving, foldings, a Pareto front."""

JOURNAL = "search.log"
"""Name of the file in which a search stores its trials."""
