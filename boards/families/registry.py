# SPDX-License-Identifier: BSD-2-Clause
"""The list of the families."""

from firstspike.hdl.flow.devices import ECP5, GOWIN, ICE40, Family

from . import ecp5, gowin, ice40
from .facts import Facts

FACTS: dict[Family, Facts] = {ICE40: ice40.FACTS, ECP5: ecp5.FACTS, GOWIN: gowin.FACTS}


def facts_of(family: Family) -> Facts:
    """Return the facts of a family."""
    return FACTS[family]
