# SPDX-License-Identifier: BSD-2-Clause
"""Archives of arrays: what they promise is looked at before it is unpacked."""

import io
import re
import tracemalloc
import zipfile

import numpy as np
import pytest

from firstspike.golden.foreign.archive import ArchiveError, read_archive
from firstspike.golden.foreign.json_text import JsonError, check_json, read_json
from firstspike.golden.foreign.printable import MOST, printable

pytestmark = pytest.mark.fast

MOST_BYTES = 1 << 20


def archive(method=zipfile.ZIP_DEFLATED, suffix=".npy", **members):
    """An archive with members of any content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as zip_file:
        for name, content in members.items():
            zip_file.writestr(name + suffix, content)
    return file


def head(dtype, shape):
    """Return the header of an array in numpy's format."""
    file = io.BytesIO()
    described = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue()


WHOLE = archive(zipfile.ZIP_STORED, a=head("|i1", (9,)) + b"123456789")
DAMAGED = io.BytesIO(WHOLE.getvalue().replace(b"12345", b"12346"))


def read(file, most=MOST_BYTES):
    return read_archive(file, lambda members: None, most)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_saves_is_read(save):
    arrays = {
        "a": np.arange(6).reshape(2, 3),
        "b": np.array("text"),
        "c": np.asfortranarray(np.ones((3, 4))),
        "d": np.zeros((0, 5), np.int8),
    }
    file = io.BytesIO()
    save(file, **arrays)
    found = read(file)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (archive(a=head("|i1", (2 * MOST_BYTES,)) + bytes(2 * MOST_BYTES)), "2097152 bytes, of"),
        (archive(a=head("|i1", (1 << 40,))), "its member 'a.npy' is not as long as its head says."),
        (archive(a=head("<U0", (1 << 60,))), "bytes, of which at most 1048576 are read."),
        (archive(a=head("|i1", (-1, -1)) + b"1"), "its member 'a.npy' is not as long as its head"),
        (archive(a=head("|i1", (1,)) + bytes(2 * MOST_BYTES)), "its member 'a.npy' is not as long"),
        (
            archive(a=b"\x93NUMPY\x02\0\xff\xff\xff\x7f" + bytes(4 * MOST_BYTES)),
            "it cannot be read as an .npz without pickles",
        ),
        (archive(a=b"text"), "it cannot be read as an .npz without pickles"),
        (archive(a=head("<U1", ()) + b"\0\0\xff\xff"), "without pickles"),
        (archive(a=head("|O", (1,)) + b"N."), "has objects, which numpy makes of series of"),
        (archive(zipfile.ZIP_BZIP2, a=head("|i1", (1,)) + b"1"), "neither stored nor deflated:"),
        (archive(zipfile.ZIP_LZMA, a=head("|i1", (1,)) + b"1"), "neither stored nor deflated:"),
        (archive(**{f"a{n}": b"" for n in range(5000)}), "it has more than 4096 members."),
        (archive(**{f"{n:0250}": b"" for n in range(5000)}), "its members has 1500000 bytes, of"),
        (io.BytesIO(b"PK"), "it cannot be read as an .npz without pickles"),
        (archive(suffix=".txt", readme=b"text"), "its member 'readme.txt' is no array of its own."),
        (DAMAGED, "it cannot be read as an .npz without pickles (Bad CRC-32 for file 'a.npy')."),
    ],
)
def test_what_promises_too_much_is_not_unpacked(file, message):
    tracemalloc.start()
    with pytest.raises(ArchiveError, match=re.escape(message)):
        read(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * MOST_BYTES


def test_the_check_comes_before_the_arrays():
    def refuse(members):
        assert (members["a"].dtype, members["a"].shape) == (np.int8, (9,))
        raise LookupError

    with pytest.raises(LookupError):
        read_archive(WHOLE, refuse, MOST_BYTES)


# JSON of strangers: bounded, and as it is described.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[" * 10**6, "not JSON"),
        ("[" * 33 + "]" * 33, "not JSON (it is more than 32 levels deep)"),
        ("[NaN]", "not JSON (a number is nan)"),
        ("[1e999]", "not JSON (a number is inf)"),
        ("9" * 5000, "not JSON"),
        ('["\\ud800"]', "not JSON (half a character in '\\ud800')"),
        ('{"\\udfff": 1}', "not JSON (half a character in '\\udfff')"),
        (b"\xff\xfe\xfd", "not JSON"),
    ],
)
def test_bad_texts_are_refused(text, message):
    with pytest.raises(JsonError, match=re.escape(message)) as refused:
        read_json(text)
    assert len(str(refused.value)) < 300


def test_good_texts_are_read():
    assert read_json('{"a": [1, 2.5, "\\ud83d\\ude00", null]}') == {"a": [1, 2.5, "😀", None]}
    assert read_json("[" * 32 + "]" * 32)


DESCRIPTION = {
    "n": range(1, 9),
    "names": [str],
    "rate": (float, None),
    "kind": ("a", "b"),
    "by": {str: (None, [int])},
    "pair?": [int, str],
}
GOOD = {"n": 8, "names": ["x"], "rate": None, "kind": "b", "by": {"x": [1]}, "more": object()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, None),
        ({"rate": 0.5, "names": [], "by": {}}, None),
        ({"n": 9}, r"it\['n'\] is 9: it must be an integer in 1..8"),
        ({"n": True}, "is True"),
        ({"n": 10**30}, "1..8"),
        ({"names": "x"}, "must be a list"),
        ({"names": ["x", 3]}, r"\['names'\]\[1\] is 3: it must be str"),
        ({"rate": 1}, "float or None"),
        ({"kind": "c"}, "'a' or 'b'"),
        ({"by": {"y": ["z"]}}, r"\['by'\]\['y'\]\[0\] is 'z'"),
        ({"by": []}, "must be an object"),
        ({"pair": [1, "x"]}, None),
        ({"pair": [1, 2]}, r"\[1\] is 2"),
        ({"pair": [1]}, "a list of 2"),
    ],
)
def test_values_are_held_against_a_description(change, message):
    if message is None:
        check_json(GOOD | change, DESCRIPTION, "it")
        return
    with pytest.raises(JsonError, match=message):
        check_json(GOOD | change, DESCRIPTION, "it")


def test_a_field_that_is_missing_is_named():
    with pytest.raises(JsonError, match="it has no 'n'"):
        check_json({}, DESCRIPTION, "it")


# Text of strangers as it is shown.


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, äß→", "plain text, äß→"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\x9b31m", r"\x9b31m"),
        ("half \ud800", r"half \ud800"),
        (3.5, "3.5"),
    ],
)
def test_nothing_is_left_that_a_terminal_obeys(text, shown):
    assert printable(text) == shown
    assert shown.isprintable()


@pytest.mark.parametrize("text", ["x" * 10**6, "\x1b" * 10**6, "x" * (MOST + 1)])
def test_long_texts_lose_their_middle(text):
    shown = printable("begin " + text + " end")
    assert len(shown) <= MOST
    assert shown.startswith("begin ")
    assert shown.endswith(" end")
    assert " ... " in shown
    assert len(printable(text, None)) >= len(text)
