# SPDX-License-Identifier: BSD-2-Clause
"""Compares what the page hears with what golden hears, on the 300 test recordings of digits.

    python -m docs.page.recordings digits.npz

The network is one of sound, as `firstspike train --dataset spoken-digits` makes it.
"""

import argparse
import base64
from pathlib import Path
from typing import Any

import numpy as np

from firstspike.golden import Network, encode, infer, load_network
from firstspike.golden.data.sets import SPOKEN_DIGITS, fetch
from firstspike.golden.data.spoken import TESTED, named, recordings_of
from firstspike.golden.data.wav import samples_of
from firstspike.golden.reporting import is_reported
from firstspike.golden.system.temporary import temporary_folder
from firstspike.scripts.main import run_line
from tests.support.browser import DESKTOP, chromium, opened

HEARD = """async (coded) => {
  const bytes = Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
  return firstspike.heard(new Blob([bytes]));
}"""


def heard_by_page(page: Any, content: bytes) -> list[dict[str, Any]]:
    """Return the words that an opened page hears in a WAV file."""
    return page.evaluate(HEARD, base64.b64encode(content).decode())


def heard_by_golden(network: Network, content: bytes) -> list[dict[str, Any]]:
    """Return the words that golden hears in a WAV file, as the page tells them."""
    sound = network.sound
    assert sound is not None
    levels = sound.levels(samples_of(content, "the recording", sound.rate))
    words = list(sound.words(levels))
    if not words:
        return []
    pictures = np.stack([sound.picture(levels, word) for word in words])
    results = infer(network, encode(network, pictures))
    told = is_reported(network, results, np.array([word.isolated for word in words]))
    columns = (results.decision, results.tick, results.forced, told)
    return [
        word._asdict()
        | {"picture": picture.ravel().tolist()}
        | dict(zip(("decision", "tick", "forced", "said"), figures, strict=True))
        for word, picture, figures in zip(
            words, pictures, zip(*(column.tolist() for column in columns), strict=True), strict=True
        )
    ]


def main() -> None:
    """Print how many recordings differ in any word, pixel, decision or tick."""
    parser = argparse.ArgumentParser(prog="python -m docs.page.recordings")
    parser.add_argument("network")
    network = parser.parse_args().network
    loaded = load_network(network)
    (archive,) = fetch(SPOKEN_DIGITS)
    files = {
        name: raw
        for name, raw in recordings_of(archive.read_bytes()).items()
        if named(name).number < TESTED
    }
    with temporary_folder() as folder, chromium() as browser:
        path = Path(folder, "listen.html")
        run_line(["page", network, "-o", str(path)])
        with opened(browser, path, **DESKTOP) as page:
            differ = [
                name
                for name, raw in sorted(files.items())
                if heard_by_page(page, raw) != heard_by_golden(loaded, raw)
            ]
    print(f"{len(files)} recordings: {len(differ)} differ", *differ)


if __name__ == "__main__":
    main()
