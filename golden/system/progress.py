# SPDX-License-Identifier: BSD-2-Clause
"""The progress bar of all long work, on standard error."""

import io
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm  # slow import

LINE_EVERY = 60
"""Least number of seconds between two lines of a bar, if standard error is not a terminal."""


class _Lines(io.TextIOBase):
    """Writes each state of a bar to standard error as a line."""

    def write(self, text: str) -> int:
        """Write the text as a line, unless it only moves the cursor."""
        if line := text.strip():
            sys.stderr.write(f"{line}\n")
        return len(text)


def bar(**settings: Any) -> "tqdm":
    """Return a bar of tqdm with these settings, for `with`.

    If standard error is not a terminal, the bar writes a line at most once per minute, and the last
    state as a line unless the setting `leave` is false. `update(0)` updates the elapsed time.
    """
    from tqdm import tqdm

    if sys.stderr.isatty():
        return tqdm(miniters=0, **settings)
    late = {"file": _Lines(), "mininterval": LINE_EVERY, "delay": 1e-9, "position": 0}
    shown = tqdm(miniters=0, **settings | late)
    shown.delay = 0  # the last state is written even if no line came before
    return shown
