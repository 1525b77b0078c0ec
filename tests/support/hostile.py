# SPDX-License-Identifier: BSD-2-Clause
"""Makes mutants of photos and tables, and names that hardly anybody expects.

As mutants.py does: each function takes a generator and a good content, and gives a bad one, or one
that is still good.
"""

import io
import struct
import zlib
from random import Random

from PIL import Image

from .mutants import of_bytes

NAMES = (
    "\udcff\udcfe",
    "a\nb",
    "\x1b[2J",
    "\u202etxt",
    " ",
    "é",
    "x" * 200,
    "a;b|c",
    "%s{}",
    "'\"",
)
"""Names of files; some hold half of a character."""

CELLS = ("1,5", "-0,25", "1.000,5", "1.7e308", "-1.7e308", "1e-320", "9" * 400, "0x10", "١٢", "1e5")
"""Cells of tables: decimal commas, separators of thousands, extreme numbers."""


def of_photo(rng: Random, content: bytes) -> bytes:
    """A photo: transparent ones, large ones, odd chunks, many scans, heads that promise more."""
    match rng.randrange(8):
        case 0:
            return of_bytes(rng, content)
        case 1:
            return of_bytes(rng, _photo(rng))
        case 2:
            return _with_chunk(rng, content)
        case 3:
            return _scans(rng)
        case 4:
            return _promising(rng, content)
        case _:
            return _photo(rng)


def _photo(rng: Random) -> bytes:
    """A picture of some kind, seldom as large as is read."""
    sides = [rng.choice((1, 28, 300, 301, 999)) for _ in "xy"]
    if rng.random() < 0.05:
        sides = rng.choice(([8192, 8192], [8192, 8193], [1 << 14, 1 << 12], [1 << 16, 1 << 10]))
    mode = rng.choice(("RGBA", "RGBA", "LA", "L", "P", "RGB", "1", "I;16", "CMYK"))
    kind = "JPEG" if mode == "CMYK" else rng.choice(("PNG", "PNG", "PNG", "WEBP", "JPEG"))
    mode = {"PNG": mode, "JPEG": "RGB", "WEBP": "RGBA"}[kind] if mode != "CMYK" else mode
    shade = rng.randrange(256)
    if mode == "I;16":
        image = Image.new(mode, tuple(sides), shade * 257)
    else:
        image = Image.new("RGBA", tuple(sides), (shade, 0, 255 - shade, rng.choice((0, 7, 255))))
        image.paste((9, 9, 9, rng.choice((9, 255))), (sides[0] // 3, 0, sides[0] // 2, sides[1]))
        image = image.convert("RGB").convert(mode) if mode == "CMYK" else image.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = rng.choice((1, 3, 6, 8, 99))
    file = io.BytesIO()
    try:
        if kind == "WEBP":
            image.save(file, kind, lossless=True, method=0, quality=0, exif=exif)
        elif kind == "PNG":
            image.save(file, kind, compress_level=1, exif=exif)
        else:
            image.save(file, kind, progressive=rng.random() < 0.5, exif=exif)
    except (OSError, ValueError, MemoryError):  # what the format, or this process, cannot hold
        return _photo(rng)
    return file.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _with_chunk(rng: Random, content: bytes) -> bytes:
    """A PNG with a chunk more behind its head."""
    bomb = zlib.compress(bytes(1 << 26), 9)
    fields = rng.choice((1, 2, 3, 4, 5, 7, 10, 12, 99)), rng.choice((0, 1, 2, 1 << 28))
    exif = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHI", 0x0112, *fields) + rng.randbytes(60)
    chunk = rng.choice(
        (
            _chunk(b"iCCP", b"x\0\0" + bomb),
            _chunk(b"zTXt", b"x\0\0" + bomb),
            _chunk(b"iTXt", b"x\0\1\0\0\0" + bomb),
            _chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(1 << 19))) * 300,
            _chunk(b"eXIf", exif),
            _chunk(b"tRNS", rng.randbytes(rng.choice((0, 1, 6, 256)))),
            _chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)),
            _chunk(b"IDAT", bomb),
            _chunk(b"IDAT", b"") * 10_000,
        )
    )
    return content[:33] + chunk + content[33:]


def _scans(rng: Random) -> bytes:
    """A progressive JPEG that repeats its last scan."""
    file = io.BytesIO()
    Image.new("L", (rng.choice((8, 2000)),) * 2, 200).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * rng.choice((1, 20, 45, 5000)) + content[-2:]


def _promising(rng: Random, content: bytes) -> bytes:
    """A head that promises a picture of any size; a PNG, or a WebP that is a moving one."""
    sides = [rng.choice((1, 5000, 8192, 16_384)) for _ in "xy"]
    if rng.random() < 0.6:
        depth, colour = rng.choice(((8, 6), (16, 6), (16, 2), (1, 0), (8, 3), (16, 4)))
        head = struct.pack(">2I5B", *sides, depth, colour, 0, 0, rng.randrange(2))
        return content[:8] + _chunk(b"IHDR", head) + content[33:]
    one = io.BytesIO()
    Image.new("RGB", (1, 1)).save(one, "WEBP", lossless=True)
    size = b"".join(struct.pack("<I", side - 1)[:3] for side in sides)
    frame = bytes(15) + b"\0" + one.getvalue()[12:]
    parts = ((b"VP8X", bytes([2, 0, 0, 0]) + size), (b"ANIM", bytes(6)), (b"ANMF", frame))
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(part)) + part for kind, part in parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def of_odd_table(rng: Random, content: bytes) -> bytes:
    """A .csv with numbers of other lands and sizes, long lines, many columns, and odd bytes."""
    lines = content.decode().split("\n")
    separator = rng.choice((",", ",", ";", "\t"))
    rows = [line.split(",") for line in lines]
    match rng.randrange(7):
        case 0 | 1:
            odd = rng.choice(CELLS)
            column = rng.randrange(len(rows[0]) - 1)
            for row in rows[1:] if rng.random() < 0.5 else [rng.choice(rows[1:])]:
                row[column] = odd
        case 2:
            rows[rng.randrange(len(rows))] += ["1"] * rng.choice((10, 100_000, 3_000_000))
        case 3:
            more = [f"c{n}" for n in range(rng.choice((100, 20_000)))]
            rows = [[*(more if row is rows[0] else ["1"] * len(more)), *row] for row in rows]
        case 4:
            rows[rng.randrange(len(rows))][0] = rng.choice(("x" * 5_000_000, '"' + "1\n" * 90_000))
        case 5:
            rows = rows[: rng.choice((1, 2, 3))]
        case _:
            at = rng.randrange(len(content) + 1)
            return (
                content[:at] + rng.choice((b"\xff", b"\0", b"\xef\xbb\xbf", b"\r")) + content[at:]
            )
    return "\n".join(map(separator.join, rows)).encode()
