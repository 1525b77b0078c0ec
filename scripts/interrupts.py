# SPDX-License-Identifier: BSD-2-Clause
"""Ends a verb by Ctrl-C or by SIGTERM alike: by KeyboardInterrupt, so that it tidies up."""

import signal
import sys
from types import FrameType
from typing import Any, NoReturn


def catch() -> None:
    """Let SIGTERM, and Ctrl-C unless it is ignored, interrupt the main thread."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(ending) != signal.SIG_IGN:
            signal.signal(ending, interrupt)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or let the caller of compiled code do so when that has returned.

    What arrives while compiled code runs is seen when numba unpickles the type of its result. An
    error there makes numba hand over a broken result, which ends in a fault of memory. So the
    caller is traced, as by a debugger, and interrupted before its next line.
    """
    caller = _caller_of_compiled(frame)
    if caller is None:
        raise KeyboardInterrupt
    caller.f_trace = _raise
    sys.settrace(lambda *_: None)  # frames are only traced where this is set


def _raise(*_: Any) -> NoReturn:
    sys.settrace(None)
    raise KeyboardInterrupt


def _caller_of_compiled(frame: FrameType | None) -> FrameType | None:
    """Whose compiled function is about to return, where `frame` is in the midst of that."""
    while frame is not None:
        if frame.f_code.co_name == "_numba_unpickle":
            return frame.f_back
        frame = frame.f_back
    return None
