# SPDX-License-Identifier: BSD-2-Clause
"""Makes mutants of files: what chance, a damaged disk or a hostile sender may make of them.

Each function takes a generator (`random.Random`) and a good content, and gives a bad one, or one
that is still good. The same generator gives the same mutants.
"""

import csv
import io
import json
import struct
import zipfile
import zlib
from random import Random
from typing import Any

import numpy as np

ORDERS = "\x1b]0;title\x07\x1b[2J\nshape  1-1\u202e"

ATOMS: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 255, 2**31, 2**63, 10**30, -(10**30), 10**4000),
    *(0.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf")),
    *("", " ", "0", "²", "x", "a" * 100_000, ORDERS, "\ud800", "\0", "../../x", "$\\frac$"),
    *([], {}, [[]], [0], [1, 2, 3], {"": 0}, {ORDERS: ORDERS}, {"\udfff": 1}),
)
"""Values that hardly anybody expects."""

DEEP = "@deep@"  # becomes many brackets


def of_bytes(rng: Random, content: bytes) -> bytes:
    """Bits flipped, parts lost, repeated, zeroed, or noise."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        begin = rng.randrange(len(changed) + 1)
        end = min(len(changed), begin + rng.choice((1, 4, 64, 10_000)))
        part = bytes(changed[begin:end])
        match rng.randrange(7):
            case 0 if part:
                changed[begin] ^= 1 << rng.randrange(8)
            case 1:
                del changed[begin:end]
            case 2:
                changed[begin:begin] = part * rng.choice((1, 2, 50))
            case 3:
                changed[begin:end] = bytes(len(part))
            case 4:
                changed[begin:end] = rng.randbytes(len(part))
            case 5:
                changed[begin:end] = b"\xff" * len(part)
            case _:
                del changed[begin:]
    return bytes(changed)


def of_value(rng: Random, value: Any) -> Any:
    """JSON of which a value, or a name, is another, missing, or there twice."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.15:
        return DEEP if rng.random() < 0.05 else rng.choice(ATOMS)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        change = rng.choice(([of_value(rng, value[at])], [], [value[at]] * 2))
        return [*value[:at], *change, *value[at + 1 :]]
    key = rng.choice(list(value))
    match rng.randrange(8):
        case 0:
            return {name: one for name, one in value.items() if name != key}
        case 1:
            return value | {rng.choice((ORDERS, "\ud800", "", "x" * 10_000)): value[key]}
        case _:
            return value | {key: of_value(rng, value[key])}


def of_json(rng: Random, content: bytes) -> bytes:
    """A text of JSON, maybe of several lines."""
    if rng.random() < 0.2:
        return of_bytes(rng, content)
    lines = content.splitlines() or [b""]
    at = rng.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except (ValueError, RecursionError):  # a mutant already
        return of_bytes(rng, content)
    text = json.dumps(of_value(rng, value))
    depth = rng.choice((40, 500, 980, 100_000))
    text = text.replace(f'"{DEEP}"', "[" * depth + "]" * depth)
    lines[at] = text.encode()
    return b"\n".join(lines)


def of_archive(rng: Random, content: bytes) -> bytes:
    """An .npz: fields of other types, shapes and contents, other members, and lies about them."""
    if rng.random() < 0.1:
        return of_bytes(rng, content)
    with np.load(io.BytesIO(content)) as file:
        fields = dict(file)
    names = rng.sample(list(fields), rng.choice((1, 1, 1, 2)))
    if rng.random() < 0.3:  # those with JSON inside are few
        names += [name for name, array in fields.items() if str(array)[:1] == "{"]
    for name in dict.fromkeys(names):
        fields[name] = _array(rng, fields[name])
        if rng.random() < 0.1:
            fields[rng.choice((ORDERS, "weights_9", "bias", "x"))] = fields[name]
        if rng.random() < 0.1:
            del fields[name]
    method = rng.choice([zipfile.ZIP_DEFLATED] * 18 + [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    damaged, renamed = (rng.choice(list(fields)) if rng.random() < 0.1 else None for _ in "ab")
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, array in fields.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array)
            content = member.getvalue()
            if name == damaged:
                content = of_bytes(rng, content)
            archive.writestr(name if name == renamed else f"{name}.npy", content)
    return output.getvalue()


def _array(rng: Random, array: np.ndarray) -> np.ndarray:
    """Another array in the place of one."""
    if array.dtype.kind == "U" and not array.ndim and rng.random() < 0.8:
        text = str(array)
        if text[:1] in ("{", "["):
            changed = of_json(rng, text.encode()).decode("utf-8", "replace")
            return np.array(changed.replace("\0", ""))
    match rng.randrange(10):
        case 0 if array.dtype.kind in "iuf":
            return array.astype(rng.choice(["f8", "u8", "i1", "?", "U3", "S3", "c8", "O"]))
        case 1:
            return array.reshape(rng.choice([(1, -1), (-1,), (-1, 1), (1, 1, -1)]))
        case 2:
            return array.ravel()[: rng.randrange(array.size + 1)]
        case 3:
            return np.resize(array, rng.choice([(0,), (0, 5), (3, 0), (7,), (4096, 2), ()]))
        case 4:
            return np.array(rng.choice(ATOMS[:18]))
        case 5:
            return np.array(rng.choice([ORDERS, "\ud800", "a" * 100_000, "", "levels-4"]))
        case 6:
            return np.zeros(rng.choice([(1 << 27,), (1, 1 << 24), (300, 1000), (9,)]), np.int8)
        case 7 if array.size < 10_000:
            return np.full(array.shape, rng.choice([0, 1, -1, 2**31, 2**62, 1 << 24]))
        case 8 if array.dtype.kind == "U":
            return np.frombuffer(rng.randbytes(4 * array.size), f"<U{max(array.size, 1)}")[:1]
        case _:
            extreme = np.array(array)
            if array.dtype.kind in "iuf" and array.size:
                extreme.flat[rng.randrange(array.size)] = rng.choice([0, 1, 100])
            return extreme


def of_table(rng: Random, content: bytes) -> bytes:
    """A .csv, of which cells are others."""
    if rng.random() < 0.3:
        return of_bytes(rng, content)
    rows = list(csv.reader(io.StringIO(content.decode())))
    for _ in range(rng.choice((1, 1, 3))):
        row = rng.choice([*rows[:3], rng.choice(rows)])
        if not row or rng.random() < 0.1:
            rows.append([rng.choice(["1", ORDERS])] * rng.choice((1, 5)))
            continue
        odd = ("", "nan", "inf", "1e999", "9" * 5000, "²", "x" * 200_000, ORDERS, '"', "1_0")
        row[rng.randrange(len(row))] = rng.choice(odd)
    output = io.StringIO()
    csv.writer(output).writerows(rows)
    return output.getvalue().encode()


def of_picture(rng: Random, content: bytes) -> bytes:
    """A PNG, of which the head may be another with a good checksum."""
    if rng.random() < 0.5:
        return of_bytes(rng, content)
    sizes = [rng.choice((0, 1, 6, 13_000, 2**31 - 1)) for _ in "xy"]
    head = struct.pack(">2I", *sizes) + bytes(rng.choice((0, 1, 2, 3, 4, 6, 8, 16)) for _ in "dc")
    chunk = b"IHDR" + head + content[26:29]
    return content[:12] + chunk + struct.pack(">I", zlib.crc32(chunk)) + content[33:]
