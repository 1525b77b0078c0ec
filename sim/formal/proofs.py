# SPDX-License-Identifier: BSD-2-Clause
"""The record of a proof: what it claims, and what carries it out."""

from collections.abc import Callable
from dataclasses import dataclass

from firstspike.golden.system.errors import FirstSpikeError

Progress = Callable[[str], None]
"""Takes a short text such as "cycle 12 of 28"; a proof may call it often."""


class ProofError(FirstSpikeError):
    """A property can be broken, or something that should be possible was not reached."""


@dataclass(frozen=True)
class Proof:
    """A claim about a block or a core, and the function that proves it.

    A process re-creates a proof by its name, from `firstspike.sim.formal.catalogue`.
    """

    name: str
    """Words with hyphens; the argument of `firstspike check proofs`."""
    claim: str
    """A complete sentence on what holds."""
    shapes: str
    """The sizes for which it holds."""
    assumptions: tuple[str, ...]
    """Sentences on what the inputs obey; none if all inputs are free."""
    method: str
    """The method, for example "induction, depth 2"."""
    engine: str
    """The engine, for example "CaDiCaL"."""
    is_fast: bool
    """Whether it takes seconds; the others take minutes."""
    prove: Callable[[Progress], str]
    """Return a line on what was done. Raises ProofError if the claim does not hold."""
