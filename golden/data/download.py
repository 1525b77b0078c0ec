# SPDX-License-Identifier: BSD-2-Clause
"""Downloads one file in a separate process, which the caller can limit and end.

    python -I download.py URL FILE SECONDS

SECONDS limits only each wait for the next bytes. The caller ends the process if a server sends
single bytes slowly or if a name lookup does not return. Failures print one line on standard error
and set exit status 1. The program imports only the standard library.
"""

import shutil
import sys
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import urlopen


def main() -> None:
    """Download the file completely."""
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
