# SPDX-License-Identifier: BSD-2-Clause
"""Shows on standard error what is being done, and for how long."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def shown(what: str) -> Iterator[None]:
    """Show a step while it is done: a line that ticks, or one that ends with the seconds it took.

    The latter where nobody watches, for standard error is no terminal.
    """
    began = time.monotonic()
    if not sys.stderr.isatty():
        click.echo(f"{what}: ", nl=False, err=True)
        try:
            yield
        finally:
            click.echo(f"{time.monotonic() - began:.0f} s", err=True)
        return
    from tqdm import tqdm  # takes a while to import

    done = threading.Event()
    bar = tqdm(desc=what, bar_format="{desc}: {elapsed}", leave=None)

    def tick() -> None:
        while not done.wait(1):
            bar.refresh()

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()
        bar.close()
