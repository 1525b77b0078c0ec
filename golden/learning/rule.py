# SPDX-License-Identifier: BSD-2-Clause
"""Learning image by image in integers: the popcount rule (DESIGN, section 5).

An update makes the label's output fire earlier and its rivals later, and changes only weights of
spikes that took part. The error of a hidden neuron depends only on the signs of its output weights:
two popcounts and a comparison.

The rule is for one hidden layer whose neurons spike once. Letters are the design's: the decision k
falls at tick zk, the margin is m ticks, and spikes before tick zc took part.
"""

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np

from firstspike.golden.system.errors import FirstSpikeError

UNLABELLED = -1
"""Label of an image that is only classified."""


class LearningError(FirstSpikeError, ValueError):
    """Arguments for learning do not fit; the message gives what does."""


class Register(NamedTuple):
    """A register of the rule in hardware: an unsigned integer."""

    name: str
    default: int
    lowest: int
    highest: int
    meaning: str

    @property
    def bits(self) -> int:
        """Width of the register."""
        return self.highest.bit_length()

    def check(self, value: object) -> None:
        """Raise `LearningError` for a value that the register must not hold."""
        if (
            not isinstance(value, int | np.integer | np.bool_)
            or not self.lowest <= int(value) <= self.highest
        ):
            raise LearningError(
                f"{self.name} is {value!r}: it must be an integer in {self.lowest}..{self.highest}."
            )


def _register(default: int, lowest: int, highest: int, meaning: str) -> Any:
    metadata = {"default": default, "lowest": lowest, "highest": highest, "meaning": meaning}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Settings for learning an image: registers of the hardware. Raises `LearningError`.

    `REGISTERS` describes each one and its range.
    """

    step: int = _register(
        1, 1, 15, "by how much an input weight changes, in units of its lowest stored bit"
    )
    row_draw: int = _register(0, 0, 15, "j: a row of input weights changes with probability 2^-j")
    output_draw: int = _register(0, 0, 15, "j: the same for a hidden neuron's output weights")
    every_competitor: bool = _register(
        False, 0, 1, "1 delay every wrong output inside the margin, 0 only one of them"
    )
    margin_shift: int = _register(
        3, 0, 7, "the margin is max(margin_minimum, (tick - unit) >> margin_shift)"
    )
    # The hardware needs a tick to compute the margin, and one to apply it.
    margin_minimum: int = _register(2, 2, 255, "the smallest margin in ticks, 2 ticks or more")

    def __post_init__(self) -> None:
        for one in fields(self):
            REGISTERS[one.name].check(getattr(self, one.name))

    def registers(self, seed: int = 0) -> dict[str, int]:
        """Return the value of each of `REGISTERS`; seed 0 keeps the state of the generator."""
        REGISTERS["seed"].check(seed)
        values = {one.name: int(getattr(self, one.name)) for one in fields(self)}
        return values | {"seed": int(seed)}


REGISTERS = {one.name: Register(one.name, **one.metadata) for one in fields(Settings)}
REGISTERS["seed"] = Register(
    "seed", 0, 0, 0xFFFF, "next state of the random generator, 0 to go on with the one it has"
)
"""All registers of the rule, in the order of the hardware and the link."""


RESET_STATE = 0xACE1
"""State of the random generator of a core after a reset."""


def leap(s: int) -> int:
    """Return the random generator's next state: 16 steps of a 16-bit Galois LFSR.

    draw(2^-j) leaps once and is true if the low j bits of the new state are 0; draw(1) is true
    without a leap. The states from any s in 1..65535 cover all others, and never 0.
    """
    for _ in range(16):
        s = (s >> 1) ^ (0xB400 if s & 1 else 0)
    return s
