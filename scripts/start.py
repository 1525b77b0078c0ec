# SPDX-License-Identifier: BSD-2-Clause
"""The entry point of the command `firstspike`: Ctrl-C and SIGTERM end it while Python imports.

The handler does not raise an exception: Python may swallow one while it imports a module.
"""

import os
import signal

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C or SIGTERM ends."""


def main() -> None:
    """Run the command line and end with its exit status."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(ending) != signal.SIG_IGN:
            signal.signal(ending, _end)
    from .main import main  # takes a tenth of a second

    main()


def _end(*_: object) -> None:
    """End at once: nothing has begun that is to be tidied up."""
    os.write(2, b"Interrupted.\n")
    os._exit(INTERRUPTED)
