# SPDX-License-Identifier: BSD-2-Clause
"""Downloads one file, as a program of its own, so that whoever starts it can bound and end it.

    python -I download.py URL FILE SECONDS

SECONDS bound each wait for the next bytes alone. A server that sends a byte now and then, in its
header or behind it, and names that take for ever to look up, are ended with the program. What goes
wrong is a line on standard error, with exit status 1. It imports nothing but Python's own.
"""

import shutil
import sys
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import urlopen


def main() -> None:
    """Download it, whole."""
    url, path, seconds = sys.argv[1:]
    try:
        with urlopen(url, timeout=float(seconds)) as response, open(path, "wb") as file:
            shutil.copyfileobj(response, file)
            expected = response.headers.get("Content-Length", file.tell())
            if str(file.tell()) != str(expected):
                sys.exit(f"{file.tell()} bytes came, and {expected} were announced")
    except HTTPError as error:
        sys.exit(f"HTTP status {error.code}")
    except URLError as error:
        sys.exit(str(error.reason))
    except (OSError, HTTPException, ValueError) as error:
        sys.exit(str(error) or type(error).__name__)


if __name__ == "__main__":
    main()
