# SPDX-License-Identifier: BSD-2-Clause
"""What can be wrong with a target: options have their names in Python, without dashes."""

from collections.abc import Callable, Iterable

from firstspike.golden.system.errors import FirstSpikeError


class TargetError(FirstSpikeError, ValueError):
    """A target that cannot be had, or cannot do what it is asked for."""


class OptionError(TargetError):
    """Options that do not go with a target.

    `sentence` has a place {} for each group of names in `groups`.
    """

    def __init__(self, sentence: str, *groups: Iterable[str]) -> None:
        super().__init__(sentence, *groups)
        self._sentence, self._groups = sentence, groups

    def __str__(self) -> str:
        return self.said(str)

    def said(self, spelled: Callable[[str], str]) -> str:
        """Return the sentence with every option's name as `spelled` writes it."""
        return self._sentence.format(*(listed(map(spelled, group)) for group in self._groups))


class FaultyTargetError(TargetError):
    """A target that runs, but is no working core: this counts as a difference."""


def listed(words: Iterable[str]) -> str:
    """Return words as a sentence lists them."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
