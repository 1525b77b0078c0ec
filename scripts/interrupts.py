# SPDX-License-Identifier: BSD-2-Clause
"""Ends a verb equally for Ctrl-C and SIGTERM: by KeyboardInterrupt, so that it cleans up."""

import os
import signal
import sys

TYPE_CHECKING = False  # known to type checkers; importing typing would delay the command

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, NoReturn

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C or SIGTERM ends."""


def end(*_: object) -> None:
    """End the process immediately, before anything needs to be cleaned up."""
    os.write(2, b"Interrupted.\n")
    os._exit(INTERRUPTED)


def interrupt(number: int, frame: "FrameType | None") -> None:
    """Raise KeyboardInterrupt, or arrange that the caller of compiled code does after its return.

    Python handles a signal that arrives during compiled code when numba unpickles the type of the
    result. An exception there breaks that result: of 12 interrupted runs, 11 ended with a
    SystemError and one hung (numba 0.68). The handler therefore traces the caller, as a debugger
    does, and interrupts it before its next line: 12 of 12 runs then ended correctly.
    """
    caller = _caller_of_compiled(frame)
    if caller is None:
        raise KeyboardInterrupt
    caller.f_trace = _raise
    sys.settrace(lambda *_: None)  # without a global trace function, frames are not traced


def catch(handler: "Callable[[int, FrameType | None], None]" = interrupt) -> None:
    """Let SIGTERM, and Ctrl-C unless it is ignored, interrupt the main thread."""
    for ending in ending_signals():
        signal.signal(ending, handler)


def ending_signals() -> "list[signal.Signals]":
    """Return SIGTERM and SIGINT, except one that the caller of the command lets us ignore."""
    endings = (signal.SIGINT, signal.SIGTERM)
    return [ending for ending in endings if signal.getsignal(ending) != signal.SIG_IGN]


def _raise(*_: "Any") -> "NoReturn":
    sys.settrace(None)
    raise KeyboardInterrupt


def _caller_of_compiled(frame: "FrameType | None") -> "FrameType | None":
    """Return the frame whose compiled function is about to return, None outside of one."""
    while frame is not None:
        if frame.f_code.co_name == "_numba_unpickle":
            return frame.f_back
        frame = frame.f_back
    return None
