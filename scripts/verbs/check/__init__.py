# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike check`: the verbs with which a developer checks the hardware."""

from collections.abc import Collection, Iterable
from importlib.util import find_spec

import click

from firstspike.golden.system.errors import remedy
from firstspike.scripts.verbs import Verbs

_IN_A_CLONE = {"mutants": "firstspike.sim.mutants", "proofs": "firstspike.sim.formal"}
"""The package of a check that is not in the wheel."""

_ALL = {
    "bitstream": "Compare the bitstream of an iCE40 or ECP5 with the routed design.",
    "mutants": "Put faults into the hardware, and see that the checks find them.",
    "proofs": "Prove properties of the hardware for all inputs.",
    "link": "Send hostile frames to the link, and see that none does harm.",
    "rate": "Measure how many digits per second go over the link.",
}

CHECKS = {
    name: meaning
    for name, meaning in _ALL.items()
    if name not in _IN_A_CLONE or find_spec(_IN_A_CLONE[name])
}
"""The checks of this installation, each with its description."""


def check_names(names: Iterable[str], known: Collection[str], what: str) -> None:
    """Raise click.UsageError for a name that is not known; `what` is the noun for such names."""
    for name in names:
        if name not in known:
            raise click.UsageError(f"there is no {what} {name!r}: {remedy(name, known)}")


@click.group(cls=Verbs, packages=dict.fromkeys(CHECKS, __name__), groups={"Commands": CHECKS})
def command() -> None:
    """Check the hardware itself, after a change of it.

    `bitstream` and `proofs` need neither g++ nor make. The other commands compile simulations, and
    need both. A clone of the repository has `mutants` and `proofs`; an installed wheel does not.
    `firstspike compare` checks a network on a target.

    Example: firstspike check link
    """
