# SPDX-License-Identifier: BSD-2-Clause
"""Announces what is compiled before its first use: kernels by numba, and the tools of YoWASP."""

import logging
import sys

_LOGGER = logging.getLogger("firstspike")


def announce_compilation(what: str, duration: str) -> None:
    """Report on standard error, or to the program's handlers of `logging`, that `what` is compiled.

    To silence it, disable warnings of the logger "firstspike".
    """
    text = f"{what} before the first use: this takes {duration}, and the result is kept."
    if _LOGGER.hasHandlers():
        _LOGGER.warning(text)
    elif _LOGGER.isEnabledFor(logging.WARNING):
        from tqdm import tqdm  # slow import

        tqdm.write(text, file=sys.stderr)  # above the bars
