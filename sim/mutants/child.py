# SPDX-License-Identifier: BSD-2-Clause
"""Computes in a child process, whose processor time is limited and whose changes end with it."""

import math
import resource
import signal
from collections.abc import Callable
from multiprocessing import get_context
from typing import TypeVar

from firstspike.golden.system.errors import FirstSpikeError

from .mutation import MutantError

IDLE_SECONDS = 1200
"""Seconds after which a child process is killed that waits instead of computing."""

_Result = TypeVar("_Result")


def within(seconds: float, compute: Callable[[], _Result]) -> _Result | None:
    """Return the result of a function that a child process computes, None without one in time.

    The limit holds for the processor time of each process, so it does not depend on other load.

    Raises
    ------
    FirstSpikeError : what the function raises of this kind.
    MutantError : the function raises anything else, or the child process is ended from outside, or
        waits for `IDLE_SECONDS`, as for a lock of another process.
    """
    receiver, sender = get_context("fork").Pipe(duplex=False)

    def run() -> None:
        limit = math.ceil(seconds)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        try:
            sender.send((compute(), None))
        except FirstSpikeError as error:
            sender.send((None, error))

    process = get_context("fork").Process(target=run)
    process.start()
    sender.close()
    try:
        if not receiver.poll(IDLE_SECONDS):
            raise MutantError(
                f"a bench or a proof has no result after {IDLE_SECONDS} s, but has not reached its "
                "limit of processor time: it waits, for example for a lock of another process. Run "
                "it again without other load."
            )
        result, error = receiver.recv()
    except EOFError:
        process.join()
        if process.exitcode != -signal.SIGXCPU:
            raise MutantError("a bench or a proof ended without a result.") from None
        return None
    finally:
        process.kill()
        process.join()
    if error is not None:
        raise error
    return result


def processor_time() -> float:
    """Return the processor time of all child processes that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
