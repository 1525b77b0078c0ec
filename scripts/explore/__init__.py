# SPDX-License-Identifier: BSD-2-Clause
"""The room `explore`: a search for networks for a board.

There are trainings by successive halving, foldings, and a Pareto front.
"""

NEEDS = ()
VERBS = {
    "Data and training": {
        "explore": "Search for networks for a board, and place the best of them.",
    },
}
EXTRAS = {"explore": ("optuna",)}

JOURNAL = "search.log"
"""Name of the file in which a search stores its trials."""
