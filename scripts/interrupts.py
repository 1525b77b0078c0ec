# SPDX-License-Identifier: BSD-2-Clause
"""Makes Ctrl-C and SIGTERM end a verb alike: by KeyboardInterrupt, so that it tidies up."""

import os
import signal
import sys

TYPE_CHECKING = False  # as type checkers know it; to import typing would delay the command

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, NoReturn

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C or SIGTERM ends."""


def end(*_: object) -> None:
    """End the process at once, where nothing has begun that is to be tidied up."""
    os.write(2, b"Interrupted.\n")
    os._exit(INTERRUPTED)


def interrupt(number: int, frame: "FrameType | None") -> None:
    """Raise KeyboardInterrupt, or let the caller of compiled code do so when that has returned.

    Python sees a signal that arrives during compiled code when numba unpickles the type of the
    result. An exception there breaks that result: of 12 interrupted runs, 11 ended with a
    SystemError and one hung (numba 0.68). So the caller is traced, as by a debugger, and
    interrupted before its next line: 12 of 12 runs ended as they should.
    """
    caller = _caller_of_compiled(frame)
    if caller is None:
        raise KeyboardInterrupt
    caller.f_trace = _raise
    sys.settrace(lambda *_: None)  # frames are only traced where this is set


def catch(handler: "Callable[[int, FrameType | None], None]" = interrupt) -> None:
    """Let SIGTERM, and Ctrl-C unless it is ignored, interrupt the main thread."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(ending) != signal.SIG_IGN:
            signal.signal(ending, handler)


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
