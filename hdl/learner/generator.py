"""The random generator of the learning rule."""

from firstspike.golden.learning.rule import leap
from firstspike.hdl.lib.lfsr import Lfsr

WIDTH = 16
"""Bits of its state."""


def generator() -> Lfsr:
    """The generator that `leap` defines, in the state in which a core starts."""
    return Lfsr(leap, width=WIDTH, init=0xACE1)
