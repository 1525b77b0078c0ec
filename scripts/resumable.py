# SPDX-License-Identifier: BSD-2-Clause
"""A run of `train` or `learn`: it keeps its state beside its network, and continues from it."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any, ClassVar, TypeVar

from firstspike.golden import Dataset, Network, NetworkError
from firstspike.golden.foreign.printable import printable
from firstspike.golden.system.files import companion_path, replacing
from firstspike.golden.system.progress import bar
from firstspike.golden.system.temporary import check_own

from .datasets import tell_features
from .errors import VerbError
from .interrupts import ending_signals
from .output import drawing, json_result, say
from .paths import Named, check_sources

SAVED_EVERY = 5
"""Seconds between two saves of the state."""

Step = Callable[[int, str], None]
"""Receives the size of a step that has ended, and figures for the progress bar."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM arrived during a step, which has ended."""


class Run:
    """A run in steps, between which its state can be saved."""

    VERB: ClassVar[str]
    STATE: ClassVar[str]
    """The state of NET.npz is in NET.STATE.npz."""
    WHAT: ClassVar[str]
    """Noun for messages."""
    UNIT: ClassVar[str]
    """Unit of the numbers of `progress`."""
    FIGURE: ClassVar[str]
    """Module whose `picture_of` draws the run and its result."""
    KEEPS_STATE: ClassVar[bool]
    """Whether the state remains after the end, and each step has to end before Ctrl-C does."""

    images: Dataset
    is_interrupted = False

    @property
    def sources(self) -> Iterator[Named]:
        """The files and folders that the run reads."""
        raise NotImplementedError

    def progress(self) -> tuple[int, int]:
        """Return the size of the steps that have ended, and that of the complete run."""
        raise NotImplementedError

    def proceed(self, step: Step) -> bool:
        """Do the remaining steps, and call `step` after each. Return whether Ctrl-C ended them."""
        raise NotImplementedError

    def save(self, path: Path, before: Network | None = None) -> None:
        """Write the state file.

        `before` is the content of the network file until the end, for a run that `KEEPS_STATE`.
        """
        raise NotImplementedError

    @classmethod
    def state_path(cls, output: str | Path) -> Path:
        """Return the state file of a network file."""
        return companion_path(output, f".{cls.STATE}")

    @staticmethod
    def check_ordinary(output: str) -> None:
        """Raise `VerbError` if the network file cannot have a state beside it."""
        if Path(output).exists() and not Path(output).is_file():
            raise VerbError(f"{output!r} is no ordinary file: the state is kept beside it.")

    @classmethod
    def check_new(cls, output: str) -> None:
        """Raise `VerbError` if the network file has the state of an interrupted run."""
        path = cls.state_path(output)
        if path.exists() and not cls.has_ended(path):
            raise VerbError(
                f"{path} holds a {cls.WHAT} that was interrupted: continue it by --resume -o "
                f"{output}, or begin anew by --fresh."
            )

    @classmethod
    def has_ended(cls, path: Path) -> bool:
        """Whether a state file is that of a complete run."""
        return False

    def follow(self, output: str) -> None:
        """Do the remaining steps with a progress bar, and save the state regularly."""
        path, saved, before = self.state_path(output), time.monotonic(), None
        check_own(path)
        if self.KEEPS_STATE:
            with suppress(FileNotFoundError, NetworkError):
                before = Network.load(output)
        done, total = self.progress()
        with (
            interrupts() if self.KEEPS_STATE else nullcontext(lambda: False) as interrupted,
            bar(total=total, initial=done, unit=self.UNIT) as shown,
            suppress(Interrupted),
        ):

            def step(size: int, figures: str) -> None:
                nonlocal saved
                shown.set_postfix_str(figures, refresh=False)
                shown.update(size)
                if time.monotonic() - saved > SAVED_EVERY:
                    self.save(path, before)
                    saved = time.monotonic()
                if interrupted():
                    self.is_interrupted = self.progress()[0] < total
                    raise Interrupted

            self.is_interrupted = self.proceed(step)
        if self.KEEPS_STATE or self.is_interrupted:
            self.save(path, before)


R = TypeVar("R", bound=Run)


def carried_out(
    begin: Callable[[], R],
    outcome: Callable[[R], tuple[Network, dict[str, Any]]],
    output: str,
    json_path: str | None,
    plot_path: str | None,
) -> tuple[R, dict[str, Any]]:
    """Begin or continue a run; write its network, its result and its picture.

    `begin` is called when the outputs are known to be writable. `outcome` returns the network and
    the result, which is empty for a run that was interrupted and has none.
    """
    with replacing(output) as file, json_result(json_path) as write, drawing(plot_path) as draw:
        run = begin()
        check_sources(run.sources, {"-o": output, "--json": json_path, "--plot": plot_path})
        tell_features(run.images)
        run.follow(output)
        network, result = outcome(run)
        network.save(file)
        if plot_path is not None:
            draw(import_module(run.FIGURE).picture_of(run, result))  # matplotlib is a slow import
        path = run.state_path(output)
        if result:
            result |= {"network": output, "digest": network.digest()}
            write(result | ({"state": str(path)} if run.KEEPS_STATE else {}))
    if run.KEEPS_STATE:
        run.save(path)  # from now on, the state belongs only to its own network
    elif not run.is_interrupted:
        path.unlink(missing_ok=True)
    return run, result


def tell_interruption(run: Run, output: str, state: str) -> None:
    """Print how an interrupted run continues; `state` describes its network."""
    say(f"Interrupted{state}; to continue: firstspike {run.VERB} --resume -o {printable(output)}")


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether Ctrl-C or SIGTERM arrived; a second one interrupts."""
    arrived = Event()

    def note(*_: object) -> None:
        arrived.set()
        restore()

    def restore() -> None:
        for ending, handler in usual.items():
            signal.signal(ending, handler)

    usual = {ending: signal.signal(ending, note) for ending in ending_signals()}
    try:
        yield arrived.is_set
    finally:
        restore()
