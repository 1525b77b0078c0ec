# SPDX-License-Identifier: BSD-2-Clause
"""The entry point of the command `firstspike`: handles Ctrl-C and SIGTERM during imports.

The handler ends the process without an exception, which Python may swallow during an import.
"""

from . import interrupts


def main() -> None:
    """Run the command line and end with its exit status."""
    interrupts.catch(interrupts.end)
    from .main import main  # importing it takes 0.1 s

    main()
