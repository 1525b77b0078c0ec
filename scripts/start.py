# SPDX-License-Identifier: BSD-2-Clause
"""The entry point of the command `firstspike`: Ctrl-C and SIGTERM end it while Python imports.

The handler does not raise an exception: Python may swallow one while it imports a module.
"""

from . import interrupts


def main() -> None:
    """Run the command line and end with its exit status."""
    interrupts.catch(interrupts.end)
    from .main import main  # takes a tenth of a second

    main()
