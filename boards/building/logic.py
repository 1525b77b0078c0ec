# SPDX-License-Identifier: BSD-2-Clause
"""How much logic a design takes, by a rule fitted to builds.

Nearly all that grows goes with the bits of S and M in the lanes of a layer, which is what the rule
counts; the rest is so much for core and link, and so much for every hidden layer. On an ECP5 it
gives look-up tables, on an iCE40 logic cells: there are as many of both, but a register that is not
behind a look-up table of its own takes a cell. It is right to some 10 %, by what `firstspike build`
says of a toy network with 4 lanes on both, of mnist-4bit with 11 lanes on an iCE40, and with 64 and
379 on an ECP5, and of mnist-8bit with 64; for hidden layers by small networks of none to three,
synthesised with 5 lanes (the test has their figures); for few groups by a network of 97-100-7
placed on an iCE40 with 2, 3, 4 and 6 lanes; for images to play by the toy network with 64 of them,
synthesised for both; for several rows a cycle by networks of 64-48-10 with 4 and 8 bits a weight,
5, 12 and 48 lanes and 2 and 4 rows, and by mnist-4bit with 76 and 379 lanes and mnist-8bit with 64
and 4 rows, for an ECP5, which are right to some 15 %.
"""

from dataclasses import dataclass

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.devices import ECP5, ICE40, Family

_SHALLOW = 4  # groups
_BANKS, _BANK_BIT = 900, 3.5  # with several rows, and a bit of a lane's weight for each further one


@dataclass(frozen=True)
class Rule:
    """Of a family: for a design of no lanes and no hidden layer, and what they add to it."""

    design: int
    hidden: int
    """A hidden layer, of no lanes, for each bit of a tick."""
    registers: float
    """A bit of S or M in a layer of one group."""
    shallow: float
    """Likewise in a layer of 2 to 4, which an iCE40 keeps in flip-flops, group by group."""
    memory: float
    """Likewise in a layer of more, whose state is in memory."""
    window: float
    """More for it, where time advances by windows."""
    player: int
    """A design that holds images to play."""

    def bit(self, groups: int) -> float:
        """A bit of S or M in a layer of so many groups."""
        if groups == 1:
            return self.registers
        return self.shallow if groups <= _SHALLOW else self.memory


RULES: dict[Family, Rule] = {
    ICE40: Rule(
        design=2150, hidden=117, registers=2.3, shallow=8.0, memory=3.8, window=3.5, player=360
    ),
    ECP5: Rule(
        design=1630, hidden=72, registers=1.95, shallow=3.9, memory=3.5, window=3.7, player=360
    ),
}


def luts(config: CoreConfig, family: Family, plays: bool = False) -> int:
    """Look-up tables, or logic cells, without those that serve as memory.

    `plays`: the design holds images to play.
    """
    rule = RULES[family]
    hidden = (len(config.layers) - 1) * config.deadline.bit_length()
    total: float = rule.design + rule.hidden * hidden + rule.player * plays
    for layer in config.layers:
        folding = layer.folding
        bit = rule.bit(folding.groups)
        if folding.window:
            bit += rule.window
        total += bit * folding.lanes * (layer.widths.S + layer.widths.M)
        total += _BANK_BIT * layer.word_bits * (folding.rows - 1)
    if config.layers[0].folding.rows > 1:
        total += _BANKS
    return round(total)
