# SPDX-License-Identifier: BSD-2-Clause
"""A fault put into a text, in one place."""

from firstspike.golden.system.errors import FirstSpikeError


class MutantError(FirstSpikeError):
    """A fault that no longer applies, or checks that fail without any; the message says why."""


def mutated(text: str, old: str, new: str) -> str:
    """The text with `new` in the place of `old`, which must occur once; else raises MutantError."""
    if (count := text.count(old)) != 1:
        raise MutantError(f"{old!r} occurs {count} times, must be once; adapt the fault.")
    return text.replace(old, new)
