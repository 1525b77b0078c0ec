# SPDX-License-Identifier: BSD-2-Clause
"""Archives of arrays: what they promise is looked at before it is unpacked."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from firstspike.golden.foreign.archive import ArchiveError, read_archive

pytestmark = pytest.mark.fast

MOST = 1 << 20


def archive(method=zipfile.ZIP_DEFLATED, **members):
    """An archive with members of any content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in members.items():
            made.writestr(f"{name}.npy", content)
    return file


def head(dtype, shape):
    """Return the header of an array in numpy's format."""
    file = io.BytesIO()
    described = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue()


def read(file, most=MOST):
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
    ("made", "told"),
    [
        (archive(a=head("|i1", (2 * MOST,)) + bytes(2 * MOST)), "2097152 bytes"),
        (archive(a=head("|i1", (1 << 40,))), "not as long"),
        (archive(a=head("<U0", (1 << 60,))), "bytes, of which at most"),
        (archive(a=head("|i1", (-1, -1)) + b"1"), "not as long"),
        (archive(a=head("|i1", (1,)) + bytes(2 * MOST)), "not as long"),
        (archive(a=b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + bytes(4 * MOST)), "without pickles"),
        (archive(a=b"text"), "without pickles"),
        (archive(a=head("<U1", ()) + b"\0\0\xff\xff"), "without pickles"),
        (archive(a=head("|O", (1,)) + b"N."), "has objects"),
        (archive(zipfile.ZIP_BZIP2, a=head("|i1", (1,)) + b"1"), "neither stored nor deflated"),
        (archive(zipfile.ZIP_LZMA, a=head("|i1", (1,)) + b"1"), "neither stored nor deflated"),
        (archive(**{f"a{n}": b"" for n in range(5000)}), "members"),
        (archive(**{f"{n:0250}": b"" for n in range(5000)}), "its members has 1500000 bytes"),
        (io.BytesIO(b"PK"), "without pickles"),
    ],
)
def test_what_promises_too_much_is_not_unpacked(made, told):
    tracemalloc.start()
    with pytest.raises(ArchiveError, match=told):
        read(made)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * MOST


def test_a_member_that_is_no_array_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("readme.txt", "text")
    with pytest.raises(ArchiveError, match=r"'readme.txt' is no array"):
        read(file)


def test_a_damaged_array_is_refused():
    file = archive(zipfile.ZIP_STORED, a=head("|i1", (9,)) + b"123456789")
    content = file.getvalue().replace(b"12345", b"12346")
    with pytest.raises(ArchiveError, match="CRC"):
        read(io.BytesIO(content))


def test_the_check_comes_before_the_arrays():
    file = archive(a=head("|i1", (9,)) + b"123456789")

    def refuse(members):
        assert (members["a"].dtype, members["a"].shape) == (np.int8, (9,))
        raise LookupError

    with pytest.raises(LookupError):
        read_archive(file, refuse, MOST)
