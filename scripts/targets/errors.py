# SPDX-License-Identifier: BSD-2-Clause
"""Errors of targets; options have their names in Python, without dashes."""

from collections.abc import Callable, Iterable

from firstspike.golden.system.errors import FirstSpikeError


class TargetError(FirstSpikeError, ValueError):
    """A target is not available, or does not support a request."""


class OptionError(TargetError):
    """Options do not fit a target.

    `sentence` has a placeholder {} for each group of names in `groups`.
    """

    def __init__(self, sentence: str, *groups: Iterable[str]) -> None:
        super().__init__(sentence, *groups)
        self._sentence, self._groups = sentence, groups

    def __str__(self) -> str:
        return self.text_with(str)

    def text_with(self, spelled: Callable[[str], str]) -> str:
        """Return the sentence with every option's name converted by `spelled`."""
        return self._sentence.format(*(listed(map(spelled, group)) for group in self._groups))


class FaultyTargetError(TargetError):
    """A target runs, but is not a working core: this counts as a difference."""


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
