# SPDX-License-Identifier: BSD-2-Clause
"""Options of verbs that train, in a separate module since their imports are slow."""

import click

from firstspike.golden.training.recipes import RECIPES, STRICT
from firstspike.scripts.options import Choice

recipe_option = click.option(
    "--recipe",
    "recipe_name",
    type=Choice([*RECIPES, STRICT]),
    help=f"Take all other parameters from this recipe. For recordings there is {STRICT}: the "
    "network reports fewer foreign words, but also fewer words of speakers who are not in the "
    "recordings.  [default: sparse; none for a file]",
)
