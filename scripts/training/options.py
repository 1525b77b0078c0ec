# SPDX-License-Identifier: BSD-2-Clause
"""Options of verbs that train, in a separate module since their imports are slow."""

import click

from firstspike.golden.training.recipes import RECIPES

recipe_option = click.option(
    "--recipe",
    "recipe_name",
    type=click.Choice(list(RECIPES)),
    help="Take all other parameters from this recipe.  [default: sparse; none for a file]",
)
