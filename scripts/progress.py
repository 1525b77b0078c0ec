# SPDX-License-Identifier: BSD-2-Clause
"""Shows steps and their duration on standard error."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import click

from firstspike.hdl.flow.steps import Tell, untold


@contextmanager
def shown(what: str) -> Iterator[Tell]:
    """Show a running step: a line with a clock, or a line that ends with the seconds it took.

    The latter is used if standard error is not a terminal. The line with a clock also shows the
    reported progress.
    """
    began = time.monotonic()
    if not sys.stderr.isatty():
        click.echo(f"{what}: ", nl=False, err=True)
        try:
            yield untold
        finally:
            click.echo(f"{time.monotonic() - began:.0f} s", err=True)
        return
    from firstspike.golden.system.progress import bar  # importing golden is slow

    done = threading.Event()
    clock = bar(desc=what, bar_format="{desc}: {elapsed}{postfix}", leave=None)

    def tick() -> None:
        while not done.wait(1):
            clock.refresh()

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield partial(clock.set_postfix_str, refresh=False)
    finally:
        done.set()
        ticker.join()
        clock.set_postfix_str("")
        clock.close()


_IMAGES = {"unit": "image", "delay": 1e-9}  # no bar before the first image is done
_BYTES = {"unit": "B", "unit_scale": True, "leave": False}
_BARS: dict[str, dict[str, Any]] = {
    "images": _IMAGES,
    "images learned": _IMAGES | {"desc": "learning", "leave": False},
    "bytes of weights written": _BYTES | {"desc": "writing weights"},
    "bytes of weights read": _BYTES | {"desc": "reading weights"},
    "seconds of hostile frames": {"unit": "s", "desc": "hostile frames", "leave": False},
    "seconds of sound": {
        "desc": "playing",
        "bar_format": "{l_bar}{bar}| {n:.1f}/{total:.1f} s [{elapsed}<{remaining}]",
        "leave": False,
        "disable": None,  # no bar if standard error is not a terminal
    },
    "samples of the sensor": {"unit": "sample", "desc": "sensor", "leave": False},
}
"""Settings of the bar for each `Work` of a target, and for other work."""


class Bars:
    """The progress of a target as bars, each shown from its first report on."""

    def __init__(self) -> None:
        self._work: str | None = None
        self._bar: Any = None

    def __call__(self, work: str, done: float, total: float) -> None:
        """Show the progress of some work."""
        from firstspike.golden.system.progress import bar  # importing golden is slow

        if work != self._work:
            self.close()
            if done >= total:  # nothing is left to wait for, and no rate is known
                return
            self._work, self._bar = work, bar(total=total, **_BARS[work])
        self._bar.update(done - self._bar.n)
        if done >= total:
            self.close()

    def close(self) -> None:
        """Close the current bar."""
        if self._bar is not None:
            self._bar.close()
        self._work = self._bar = None


def bars() -> Bars:
    """Return bars that are closed with the verb at the latest."""
    return click.get_current_context().with_resource(closing(Bars()))
