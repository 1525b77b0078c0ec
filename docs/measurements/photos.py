# SPDX-License-Identifier: BSD-2-Clause
"""Measures how pictures of digits are read, as a camera or a screen gives them.

    python -m docs.measurements.photos [--held-out] [--images N] [--wrong FILE.png]

Accuracy of the shipped networks on pictures made from the first test digits, beside that on the
digits themselves; with --held-out from the training images that are not trained on. Picture n is
always the same. Also how many of them, and of the garments of Fashion-MNIST, are said to be unlike
digits. --wrong writes the pictures that are read wrongly, over what the network saw.
"""

import argparse
import io

import numpy as np
from PIL import Image

from firstspike.golden import Network, encode, infer, load_dataset, load_network, shipped
from firstspike.golden.data.photos import read_photo
from firstspike.golden.data.preparation import SIDE, prepare_photo
from firstspike.golden.data.typical_digits import TypicalDigits
from tests.support.photos import photo_of, rgba_of

HELD_OUT = 55_000  # from here on images are not trained on
IN_A_ROW = 12


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m docs.measurements.photos")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--wrong")
    options = parser.parse_args()
    data = load_dataset("mnist")
    x, y = (data.x_train[HELD_OUT:], data.y_train[HELD_OUT:])
    if not options.held_out:
        x, y = data.x_test, data.y_test
    digits, labels = x[: options.images].reshape(-1, SIDE, SIDE), y[: options.images]
    files = [photo_of(digits, at).file() for at in range(len(digits))]
    found = [prepare_photo(read_photo(io.BytesIO(file)), SIDE) for file in files]
    print(f"{len(files)} pictures, of which {sum(one.ink is None for one in found)} seem empty")
    pixels = np.stack([one.pixels for one in found])
    garments = load_dataset("fashion-mnist").x_test[: options.images].reshape(-1, SIDE, SIDE)
    others = np.stack([prepare_photo(rgba_of(garment), SIDE).pixels for garment in garments])
    wrong = np.zeros(len(files), bool)
    for name in shipped():
        network = load_network(name)
        right = [
            infer(network, ticks_of(network, some)).decision == labels for some in (digits, pixels)
        ]
        wrong |= ~right[1]
        own, photos = (100 * np.mean(one) for one in right)
        print(f"{name}: digits {own:.2f} %, pictures {photos:.2f} %, {photos - own:+.2f} points")
        usual = TypicalDigits.of(network)
        unlike = [
            f"{100 * np.mean([*map(bool, usual.remarks(network, ticks_of(network, some)))]):.1f} %"
            for some in (pixels, others)
        ]
        print(
            f"{name}: unlike digits are said to be {' of the pictures, '.join(unlike)} of garments"
        )
    if options.wrong:
        pairs = [(files[at], pixels[at]) for at in np.flatnonzero(wrong)]
        sheet(pairs).save(options.wrong)


def ticks_of(network: Network, pixels: np.ndarray) -> np.ndarray:
    """Return the spike ticks of pixels uint8 [n, 28, 28]."""
    return encode(network, pixels.reshape(len(pixels), -1))


def sheet(pairs: list[tuple[bytes, np.ndarray]]) -> Image.Image:
    """Pictures, each over what was made of it."""
    whole = Image.new("RGB", (120 * IN_A_ROW, 240 * -(-len(pairs) // IN_A_ROW) or 1))
    for at, (file, pixels) in enumerate(pairs):
        left, top = at % IN_A_ROW * 120, at // IN_A_ROW * 240
        picture = Image.open(io.BytesIO(file)).convert("RGB")
        picture.thumbnail((116, 116))
        whole.paste(picture, (left, top))
        whole.paste(Image.fromarray(pixels).resize((112, 112)), (left, top + 120))
    return whole


if __name__ == "__main__":
    main()
