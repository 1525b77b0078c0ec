# SPDX-License-Identifier: BSD-2-Clause
"""Data sets of the user: the samples of each kind of file, and the sentence on a bad file."""

import io
import json
import re
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import DataError
from firstspike.golden.data import dataset, images
from firstspike.golden.data.dataset import assembled, lines_of, most_bytes
from firstspike.golden.data.readers import read
from firstspike.golden.data.split import HELD_OUT, SplitError, choose_part, held_out
from firstspike.golden.data.table import LEAST_ROWS

pytestmark = pytest.mark.fast

TABLE = """width,colour,person,kind
1.5,red,ann,wasp
2,blue,bob,bee

3.5,red,ann,bee
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    return path


def arrays(path, **changes):
    """An .npz of 12 samples, of which arrays are changed, or left out where None."""
    rng = np.random.default_rng(1)
    content = {
        "x_train": rng.normal(size=(12, 2, 3)),
        "y_train": np.arange(12) % 3,
        "x_test": rng.normal(size=(6, 2, 3)),
        "y_test": np.arange(6) % 3,
    } | changes
    np.savez(path, **{name: value for name, value in content.items() if value is not None})
    return path


def test_arrays(tmp_path):
    path = arrays(tmp_path / "a.npz", classes=np.array(["a", "b", "c"]))
    images = assembled(str(path), *read(path))
    assert images.x_train.shape == (12, 2, 3)
    assert images.y_test.tolist() == [0, 1, 2] * 2
    assert images.classes == ("a", "b", "c")
    assert images.n_classes == 3


def test_labels_of_any_kind_become_classes(tmp_path):
    for labels, classes, codes in (
        ([2, 1, 0, 0], (), [2, 1, 0, 0]),
        ([2.0, 1.0, 0.0, 1.0], (), [2, 1, 0, 1]),
        ([10, 9, 10, 9], ("9", "10"), [1, 0, 1, 0]),
        (["b", "a", "b", "a"], ("a", "b"), [1, 0, 1, 0]),
        ([-1, 1, 1, -1], ("-1", "1"), [0, 1, 1, 0]),
    ):
        y = np.array(labels)
        path = arrays(tmp_path / "a.npz", x_train=np.eye(4), y_train=y, x_test=np.eye(4), y_test=y)
        images = assembled(str(path), *read(path))
        assert images.classes == classes
        assert images.y_train.tolist() == codes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": None}, "a.npz holds y_train, x_test, y_test: give x_train and y_train, and"),
        ({"y_test": None}, "a.npz has samples [6, 2, 3] and no labels in its test part: give one"),
        ({"y_train": np.arange(11)}, "a.npz has samples [12, 2, 3] and labels [11] in its train"),
        ({"x_train": np.arange(12)}, "a.npz has samples [12] and labels [12] in its train part:"),
        ({"groups_train": np.arange(3)}, "a.npz has groups [3] for 12 samples."),
        ({"x_train": np.array([{}] * 12)}, "a.npz: it cannot be read as an .npz without pickles"),
        ({"classes": np.array(["a", "b"])}, "a.npz, sample 2 of its test part has the label 2:"),
        (
            {"x_train": np.array([np.zeros(5), np.zeros(6)], object), "y_train": np.arange(2)},
            "a.npz: it cannot be read as an .npz without pickles ('x_train.npy' has objects",
        ),
        (
            {"x_train": np.zeros((0, 2, 3)), "y_train": np.zeros(0)},
            "a.npz has samples [0, 2, 3] in its train part: give at least one of at least one",
        ),
        ({"x_test": np.zeros((0, 2, 3)), "y_test": np.zeros(0)}, "[0, 2, 3] in its test part:"),
        ({"x_train": np.zeros((12, 0))}, "a.npz has samples [12, 0] in its train part: give at"),
        ({"x_train": np.full((12, 2), "a")}, "a.npz: x_train is <U1: give numbers."),
        ({"y_train": np.where(np.arange(12) == 5, np.nan, 1)}, "sample 5 of its train part has no"),
        ({"y_test": np.array(["a", ""] * 3)}, "a.npz, sample 1 of its test part has no label:"),
    ],
)
def test_bad_arrays(tmp_path, changes, message):
    path = arrays(tmp_path / "a.npz", **changes)
    with pytest.raises(DataError, match=re.escape(message)):
        read(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, np.longdouble("1e4000")])
def test_a_value_that_is_no_finite_number_is_named(tmp_path, value):
    x = np.ones((6, 2, 3), np.longdouble)
    x[4, 1, 2] = value
    path = arrays(tmp_path / "a.npz", x_test=x)
    with pytest.raises(
        DataError, match=rf"a\.npz, sample 4 of its test part holds {value}"
    ) as refused:
        read(path)
    assert "as its value 1, 2" in str(refused.value)
    assert ("--missing median" in str(refused.value)) == np.isnan(value)
    if np.isnan(value):
        assert np.array_equal(read(path, missing=True)[1].x, x.astype(float), equal_nan=True)
    x[5, 0, :2] = value
    arrays(tmp_path / "a.npz", x_test=x)
    with pytest.raises(DataError, match="This part has 3 such values"):
        read(path)


def test_test_samples_of_another_shape(tmp_path):
    path = arrays(tmp_path / "a.npz", x_test=np.zeros((6, 3, 3)))
    with pytest.raises(DataError, match="alike"):
        assembled(str(path), *read(path))
    other, _ = read(arrays(tmp_path / "b.npz", x_train=np.zeros((12, 4))))
    with pytest.raises(DataError, match=r"a\.npz has samples \[2, 3\] .*b\.npz \[4\] to test"):
        assembled("a", read(path)[0], other)


def test_pixels_and_other_numbers_are_no_two_parts(tmp_path):
    bytes_ = np.zeros((12, 2, 3), np.uint8)
    path = arrays(tmp_path / "a.npz", x_train=bytes_)
    with pytest.raises(DataError, match=r"a\.npz has samples of pixels, uint8, and .* float64"):
        assembled(str(path), *read(path))


def test_the_label_is_no_group(table):
    with pytest.raises(DataError, match="'kind' is the column of the label"):
        read(table, "kind", "kind")


def test_events_and_other_samples_are_no_two_parts(tmp_path):
    (tmp_path / "e.jsonl").write_text('{"events": [[1, 5]], "label": 1}')
    events, other = read(tmp_path / "e.jsonl")[0], read(arrays(tmp_path / "a.npz"))[0]
    for parts in ((events, other), (other, events)):
        with pytest.raises(DataError, match=r"e\.jsonl holds events, and .*a\.npz does not"):
            assembled("a", *parts)


def test_a_test_part_with_a_class_that_was_not_trained_on(tmp_path, table):
    train = read(table, "kind")[0]
    other = tmp_path / "other.csv"
    other.write_text(TABLE.replace("ann,bee", "ann,fly"))
    with pytest.raises(
        DataError, match=r"other\.csv, line 5 has the label 'fly', of which .*t\.csv"
    ):
        assembled("t", train, read(other, "kind")[0])
    path = arrays(tmp_path / "a.npz", y_test=np.arange(6) % 4)
    with pytest.raises(DataError, match="sample 3 of its test part has the label '3'"):
        assembled("a", *read(path))


def test_an_archive_that_promises_too_much(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x_train=np.zeros((300, 1 << 20), np.uint8), y_train=np.zeros(300))
    with pytest.raises(DataError, match=r"a\.npz: its arrays have 314575\d* bytes"):
        read(path)


@pytest.mark.parametrize("label", ["²", "9" * 5000, "٣"])
def test_labels_that_look_like_numbers(tmp_path, label):
    path = arrays(tmp_path / "a.npz", y_train=np.array([label] * 12), classes=np.array(["a"]))
    with pytest.raises(DataError, match="has the label"):
        read(path)
    (tmp_path / "t.csv").write_text(f"x,kind\n1,{label}\n2,{label}\n3,b\n4,b\n")
    dataset = assembled("t.csv", *read(tmp_path / "t.csv", "kind"), share=0.5)
    assert dataset.classes == tuple(sorted([label, "b"]))


def test_a_table(table):
    samples, test = read(table, "kind", "person")
    assert test is None
    assert samples.names == ("width", "colour=blue", "colour=red")
    assert samples.x.tolist() == [[1.5, 0, 1], [2, 1, 0], [3.5, 0, 1]]
    assert samples.labels == ["wasp", "bee", "bee"]
    assert samples.groups.tolist() == ["ann", "bob", "ann"]


def test_a_table_for_a_network_in_its_order_of_columns(table):
    samples, _ = read(table, None, None, ("colour=green", "colour=red", "colour=blue", "width"))
    assert samples.x.tolist() == [[0, 1, 0, 1.5], [0, 0, 1, 2], [0, 1, 0, 3.5]]
    assert samples.labels is None
    with pytest.raises(
        DataError, match="line 3: the column colour holds 'blue', which the network"
    ):
        read(table, None, None, ("colour=red",))
    with pytest.raises(DataError, match="no column 'height', which the network takes"):
        read(table, None, None, ("height",))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters(table, delimiter):
    table.write_text("\ufeff" + TABLE.replace(",", delimiter))
    assert read(table, "kind")[0].names[0] == "width"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2,blue,bob,bee", "2,blue,bob"), "line 3: there are 3 cells where the header has 4."),
        (("2,blue", ",blue"), "t.csv has 1 missing value, in line 3 (width): fill them, leave"),
        (("3.5,red", "wide,red"), "t.csv, line 5: the column width holds 'wide' beside numbers:"),
        (("3.5,red", "nan,red"), "t.csv has 1 missing value, in line 5 (width): fill them, leave"),
        (("3.5,red", "NA,red"), "t.csv has 1 missing value, in line 5 (width): fill them, leave"),
        (("3.5,red", "?,red"), "t.csv has 1 missing value, in line 5 (width): fill them, leave"),
        (("3.5,red", "3.5,"), "t.csv has 1 missing value, in line 5 (colour): fill them, leave"),
        (("3.5,red", "inf,red"), "t.csv, line 5: the column width holds 'inf', which is no finite"),
        (("ann,wasp", "ann,"), "t.csv has 1 missing label, in line 2 (kind): fill them, or leave"),
        (("width", "colour=red"), "the column colour=red has the name of a feature"),
        (("1.5", "1_5"), "line 2: the column width holds '1_5' beside numbers"),
        (("width", "kind"), "t.csv must have a different name for each column in its first line."),
        (("width", ""), "t.csv must have a different name for each column in its first line."),
        ((TABLE, "width,kind\n"), "t.csv holds no rows below a header."),
        ((TABLE, ""), "t.csv holds no rows below a header."),
        (("red,ann", '"red'), "t.csv cannot be read as a .csv file"),
        (("kind", "sort"), "t.csv has no column 'kind' for --label: it has width, colour, person,"),
        (("person", "who"), "t.csv has no column 'person' for --group: it has width, colour, who,"),
    ],
)
def test_bad_tables(table, change, message):
    table.write_text(TABLE.replace(*change))
    with pytest.raises(DataError, match=re.escape(message)):
        read(table, "kind", "person")


EUROPEAN = """länge;breite;art
1,5;2;a
-2,25;3e1;b
4;,5;a
"""


def test_decimal_commas_are_read_where_cells_are_separated_by_semicolons(table):
    table.write_text(EUROPEAN)
    samples, _ = read(table, "art")
    assert samples.names == ("länge", "breite")
    assert samples.x.tolist() == [[1.5, 2], [-2.25, 30], [4, 0.5]]
    table.write_text(EUROPEAN.replace(",", "."))
    assert read(table, "art")[0].x.tolist() == samples.x.tolist()


@pytest.mark.parametrize(
    ("name", "content", "label", "message"),
    [
        ("t.csv", EUROPEAN.replace("4;", "4.5;"), "art", "line 4: the column länge holds '4.5'"),
        ("t.csv", EUROPEAN.replace("4;", "NA;"), "art", "1 missing value, in line 4 (länge): fill"),
        (
            "t.csv",
            "a;b\n1.234,5;x\n2.000,25;y\n",
            "b",
            "t.csv, line 2: the column a holds '1.234,5': give numbers with a decimal point and",
        ),
        ("t.csv", "a\tb\n1,5\tx\n2,5\ty\n", "b", "line 2: the column a holds '1,5': give numbers"),
        ("t.csv", 'a,b\n"1,234",x\n"2,000",y\n', "b", "line 2: the column a holds '1,234': give"),
        ("t.csv", b"\xff\xfe,a\n1,2\n", None, "t.csv is no text in UTF-8: save the table as .csv"),
        (
            "t.csv",
            "name,y\n" + "".join(f"n{i},{i % 2}\n" for i in range(200)),
            "y",
            "t.csv: the column name holds 200 different texts: at most 100 are taken, so delete",
        ),
        ("e.jsonl", '{"events": [[1, 65535]]}\n' * 2000, None, "2000 images of 65536 inputs, the"),
        ("e.jsonl", '{"events": [[0, 1]]}', None, "e.jsonl, line 1: the event [0, 1] has no tick"),
        ("e.jsonl", '{"events": [[1, 1]], "label": [1]}', None, "line 1: the label [1] is no"),
        ("e.jsonl", '{"events": [], "label": 1}', None, "e.jsonl holds no event."),
        (
            "e.jsonl",
            '{"events": [[1, 1]], "label": 1}\n{"events": [[1, 1]]}',
            None,
            "e.jsonl, line 2 has no label, but other lines have one: give one in all, or in none.",
        ),
        ("a.txt", "", None, "a.txt is no data set: give an .npz, .csv or .jsonl file, or a folder"),
    ],
)
def test_bad_content(tmp_path, name, content, label, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=re.escape(message)):
        read(tmp_path / name, label)


def test_a_text_that_means_no_value_is_a_text_among_texts(table):
    table.write_text("code,y\nNA,0\nEU,1\n?,1\n")
    assert read(table, "y")[0].names == ("code=?", "code=EU", "code=NA")


def test_missing_cells_are_reported_together(table):
    """The first ones with line and column; labels before values, for no median can replace them."""
    rows = [["", "?", "red", "a"], ["nan", "2", "", "b"], ["1", "3", "blue", "b"]]
    table.write_text("\n".join(map(",".join, [["v", "w", "colour", "y"], *rows * 4])))
    with pytest.raises(DataError) as refused:
        read(table, "y")
    first = "line 2 (v), line 2 (w), line 3 (v), line 3 (colour), line 5 (v) and 11 more"
    assert f"{table} has 16 missing values, in {first}: fill them, " in str(refused.value)
    with pytest.raises(DataError, match=r"12 missing values, .*line 5 \(w\) and 7 more"):
        read(table, "y", names=("w", "v"))
    table.write_text(table.read_text().replace("red,a", "red,"))
    for missing in (False, True):
        with pytest.raises(DataError, match=r"4 missing labels, in line 2 \(y\), line 5 \(y\), "):
            read(table, "y", missing=missing)


def test_missing_cells_are_read_as_nan(table):
    """Also of texts, and of features of a network that no row of this table has."""
    nan = np.nan
    table.write_text("v,colour,code,y\n1,red,NA,a\n,,EU,b\nNA,blue,,a\nnan,nan,-,b\n")
    samples, _ = read(table, "y", missing=True)
    names = ("v", "colour=blue", "colour=red", "code=-", "code=EU", "code=NA")
    assert samples.names == names
    expected = np.array(
        [
            [1, 0, 1, 0, 0, 1],
            [nan, nan, nan, 0, 1, 0],
            [nan, 1, 0, nan, nan, nan],
            [nan, nan, nan, 1, 0, 0],
        ]
    )
    assert np.array_equal(samples.x, expected, equal_nan=True)
    assert np.array_equal(
        read(table, names=names[::-1], missing=True)[0].x, expected[:, ::-1], equal_nan=True
    )
    table.write_text("v,colour,code\n?,,EU\n-,red,\n")
    known = (*names[:3], "colour=green", *names[3:])
    assert np.array_equal(
        read(table, names=known, missing=True)[0].x,
        np.array([[nan] * 4 + [0, 1, 0], [nan, 0, 1, 0] + [nan] * 3]),
        equal_nan=True,
    )
    table.write_text("v,y\n1,a\ninf,b\n")
    with pytest.raises(DataError, match="line 3: the column v holds 'inf', which is no finite"):
        read(table, "y", missing=True)


def test_texts_that_identify_the_rows(tmp_path):
    """In a few rows all texts may differ by chance, and a network knows its texts."""
    path = tmp_path / "t.csv"
    path.write_text("name,y\n" + "".join(f"n{i},{i % 2}\n" for i in range(LEAST_ROWS)))
    with pytest.raises(DataError, match="column name holds 10 different texts, one for each row"):
        read(path, "y")
    names = [f"name=n{i}" for i in range(LEAST_ROWS)]
    assert read(path, "y", names=names)[0].names == tuple(names)
    for text in (path.read_text().replace("n9", "n8"), path.read_text().replace("n9,1\n", "")):
        path.write_text(text)
        assert len(read(path, "y")[0].names) == LEAST_ROWS - 1


@pytest.mark.parametrize(
    ("numbers", "is_counter"),
    [
        (range(1000, 1000 + LEAST_ROWS), True),
        (range(60, 0, -3), True),
        ([i for i in range(1, 200) if i % 10], True),
        ([3 * i for i in range(200) if i % 7], True),
        ([(5 * i) % 17 for i in range(17)], True),
        (["" if i == 3 else i for i in range(LEAST_ROWS + 1)], True),
        ([*range(2 * LEAST_ROWS), 7], False),
        ([i * i for i in range(LEAST_ROWS + 9)], False),
        ([i * 2.0**60 for i in range(LEAST_ROWS)], False),
        (range(LEAST_ROWS - 1), False),
        ([7] * LEAST_ROWS, False),
        ([*range(LEAST_ROWS), 99], False),
        ([0.5 * i for i in range(LEAST_ROWS)], False),
        ([(-1) ** i * 1.7e308 for i in range(LEAST_ROWS)], False),
    ],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_numbers_that_count_the_rows(tmp_path, numbers, is_counter):
    path = tmp_path / "t.csv"
    rows = (f"{one},{i * i},{'ab'[i % 2]},{i % 2}\n" for i, one in enumerate(numbers))
    path.write_text("id,b,c,y\n" + "".join(rows))
    samples, _ = read(path, "y", missing=True)
    assert samples.counters == ("id",) * is_counter
    assert assembled("t", samples).counters == samples.counters
    known, _ = read(path, "y", names=samples.names, missing=True)
    assert known.counters == (), "of a network that has learned"


def test_the_longest_line(monkeypatch):
    monkeypatch.setattr(dataset, "MOST_LINE", 3)
    assert list(lines_of(io.StringIO("ab\nabc"), "a.csv")) == ["ab\n", "abc"]
    with pytest.raises(DataError, match=r"^a.csv, line 2: the line is longer than 3 characters"):
        list(lines_of(io.StringIO("ab\nabcd"), "a.csv"))


def test_a_folder_of_images(tmp_path):
    rng = np.random.default_rng(1)
    for at, kind in enumerate(("bee", "bee", "wasp")):
        (tmp_path / kind).mkdir(exist_ok=True)
        pixels = rng.integers(0, 256, (5, 4), np.uint8)
        Image.fromarray(pixels).save(tmp_path / kind / f"{at}.png")
    (tmp_path / "bee" / "notes.txt").write_text("no image")
    samples, _ = read(tmp_path)
    assert samples.x.shape == (3, 5, 4)
    assert samples.x[2].tolist() == pixels.tolist()
    assert samples.labels == ["bee", "bee", "wasp"]
    Image.new("L", (5, 5)).save(tmp_path / "bee" / "00.png")
    with pytest.raises(DataError, match=r"00.png is 5 x 5 pixels, others are 4 x 5"):
        read(tmp_path)
    (tmp_path / "bee" / "00.png").write_text("no image")
    with pytest.raises(DataError, match=r"00.png is no readable image"):
        read(tmp_path)


def test_the_ground_is_that_of_nearly_all_frames():
    dark = np.zeros((10, 6, 9), np.uint8)
    dark[:, 1:5, 1:8] = 255  # a shape that covers more than half of the image
    light = 255 - dark
    assert images.ground_of(dark) == "dark"
    assert images.ground_of(light) == "light"
    assert images.ground_of(np.concatenate([light[1:], dark[:1]])) == "light"
    assert images.ground_of(np.concatenate([light[2:], dark[:2]])) is None
    assert images.ground_of(light[:0]) is None
    squares = light[:, :, :6]
    assert images.ground_of(squares.reshape(10, 36)) == "light"
    assert images.ground_of(squares[:, None]) == "light"
    assert images.ground_of(light.reshape(10, 54)) == "dark"


def test_a_class_without_images(tmp_path):
    for kind in ("bee", "wasp", ".thumbnails"):
        (tmp_path / kind).mkdir()
    Image.new("L", (5, 4)).save(tmp_path / "bee" / "1.png")
    with pytest.raises(DataError, match="wasp holds no images of the class wasp: put some there"):
        read(tmp_path)
    (tmp_path / "wasp").rmdir()
    assert read(tmp_path)[0].labels == ["bee"]
    with pytest.raises(DataError, match="no columns"):
        read(tmp_path, "kind")


POSTSCRIPT = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
"""Pillow would run Ghostscript for this text."""


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (Image.new("I;16", (5, 4)).save, "1.png has more than 8 bits per pixel: save it as 8-bit"),
        (Image.new("LA", (5, 4)).save, "1.png is transparent: save it without an alpha"),
        (Image.new("1", (13_000, 13_000)).save, "13000 x 13000 pixels: at most"),
        (lambda path: path.write_text(POSTSCRIPT), "no readable image"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_images_that_cannot_be_read_are_refused(tmp_path, write, message):
    (tmp_path / "bee").mkdir()
    write(tmp_path / "bee" / "1.png")
    with pytest.raises(DataError, match=re.escape(message)):
        read(tmp_path)


def test_a_folder_without_images(tmp_path):
    with pytest.raises(DataError, match="has no sub-folders with images"):
        read(tmp_path)


def test_events(tmp_path):
    path = tmp_path / "e.jsonl"
    lines = [{"events": [[2, 4], [9, 0]], "label": 1}, {"events": [], "label": 0}]
    path.write_text("\n".join(map(json.dumps, lines)))
    samples, _ = read(path)
    assert samples.x.tolist() == [[9, 0, 0, 0, 2], [0] * 5]
    assert samples.labels == ["1", "0"]
    narrower = tmp_path / "f.jsonl"
    narrower.write_text(json.dumps({"events": [[3, 1]], "label": "0"}))
    images = assembled("e", samples, read(narrower)[0])
    assert images.x_test.tolist() == [[0, 3, 0, 0, 0]]


def test_apart_is_stratified_and_always_the_same():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    chosen = choose_part(labels, 0.2)
    assert np.bincount(labels[chosen]).tolist() == [12, 6, 2]
    assert np.array_equal(chosen, choose_part(labels, 0.2))


def test_apart_divides_no_group():
    rng = np.random.default_rng(1)
    labels, groups = rng.integers(0, 3, 200), rng.integers(0, 9, 200)
    chosen = choose_part(labels, 0.25, groups)
    assert not set(groups[chosen]) & set(groups[~chosen])
    assert 0.1 < chosen.mean() < 0.4


def test_parts_that_cannot_be():
    with pytest.raises(SplitError, match="one group"):
        choose_part(np.arange(10) % 2, 0.2, np.zeros(10))
    with pytest.raises(SplitError, match="4 of 4 classes have one sample"):
        choose_part(np.arange(4), 0.2)


@pytest.mark.parametrize(("n", "classes"), [(50, 10), (150, 3), (21, 7), (10, 5)])
def test_shares_that_are_named_can_be_kept_apart(n, classes):
    """The sentence names the least and the most, and both are right."""
    labels = np.arange(n) % classes
    with pytest.raises(SplitError, match="not one of each") as caught:
        choose_part(labels, 0.001)
    bounds = re.search(r"from ([\d.]+) to ([\d.]+)\.$", str(caught.value))
    for share in bounds.groups():
        chosen = choose_part(labels, float(share))
        assert set(labels[chosen]) == set(labels[~chosen]) == set(range(classes))


def test_no_class_is_kept_apart_whole():
    """The one group that has all samples of a class stays on the other side."""
    labels = np.repeat([0, 1, 0, 1, 0, 1, 2], 10)
    groups = np.repeat([1, 1, 2, 2, 3, 3, 0], 10)
    for share in (0.2, 0.25, 0.5):
        chosen = choose_part(labels, share, groups)
        assert set(labels[~chosen]) == {0, 1, 2}
    with pytest.raises(SplitError, match="all samples of a class"):
        choose_part(labels, 0.5, labels)


def test_few_samples_are_all_trained_on_unless_a_share_is_given():
    labels = np.arange(50) % 10
    assert not held_out(labels, None).any()
    assert not held_out(np.arange(10), None).any(), "one sample of each class"
    assert held_out(labels, 0.2).sum() == 10
    assert not held_out(labels, 0).any()
    enough = np.arange(200) % 10
    assert np.array_equal(held_out(enough, None), choose_part(enough, HELD_OUT))
    for count in (3, 6):
        assert not held_out(enough, None, np.arange(200) // 10 % count).any()
    twenty = np.arange(200) // 10
    assert np.array_equal(held_out(enough, None, twenty), choose_part(enough, HELD_OUT, twenty))


def test_a_data_set_without_a_test_part(table):
    table.write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(50)))
    samples, _ = read(table, "y")
    images = assembled("t", samples)
    assert (len(images.x_train), len(images.x_test)) == (40, 10)
    assert sorted([*images.x_train[:, 0], *images.x_test[:, 0]]) == list(range(50))
    assert len(assembled("t", samples, share=1.0).x_test) == 50
    unlabelled, _ = read(table)
    assert assembled("t", unlabelled).y_test.tolist() == [-1] * 50


def test_labels_that_a_network_does_not_know(table):
    samples, _ = read(table, "kind")
    images = assembled("t", samples, share=1.0, classes=("wasp", "ant", "bee"))
    assert images.y_test.tolist() == [0, 2, 2]
    with pytest.raises(
        DataError, match=r"t\.csv, line 2 has the label 'wasp', which is no class of ant, bee"
    ):
        assembled("t", samples, share=1.0, classes=("ant", "bee"))
    with pytest.raises(DataError, match="has the classes bee, wasp, and none of 0, 1: give"):
        assembled("t", samples, share=1.0, classes=(), n_classes=2)


@pytest.mark.parametrize("absent", [False, True])
def test_a_table_of_texts_makes_no_more_than_such_a_file_may(tmp_path, monkeypatch, absent):
    """Two bytes of the file are a feature of 8 for each text that the column has anywhere."""
    most = 1 << 20
    monkeypatch.setattr(dataset, "most_bytes", lambda *_: most)
    path = tmp_path / "t.csv"
    rows = [",".join([chr(65 + n % (1 if absent else 50))] * 10) for n in range(1000)]
    path.write_text("\n".join([",".join("abcdefghij"), *rows]))
    names = ["a=A", *(f"a={n}" for n in range(200))] if absent else []
    tracemalloc.start()
    with pytest.raises(DataError, match=r"features or more of 1000 rows.*at most 1048576"):
        read(path, names=names)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * most


def test_bits_of_an_archive_make_no_more_features_than_such_a_file_may(tmp_path):
    """A bit takes a byte in the archive, and eight as a feature."""
    path = tmp_path / "bits.npz"
    bits = np.zeros((4000, dataset.FEATURES_BYTES // 8 // 4000 + 1), bool)
    assert bits.nbytes < most_bytes(0)
    np.savez_compressed(path, x_train=bits, y_train=np.arange(4000) % 2)
    with pytest.raises(
        DataError, match=rf"at most {dataset.FEATURES_BYTES} are made; store the arrays"
    ):
        read(path)


def test_a_folder_of_small_files_makes_no_more_pixels_than_such_files_may(tmp_path, monkeypatch):
    most = 10_000
    monkeypatch.setattr(images, "most_bytes", lambda *_: most)
    folder = tmp_path / "images" / "a"
    folder.mkdir(parents=True)
    for number in range(9):
        Image.new("L", (50, 50)).save(folder / f"{number}.png")
    with pytest.raises(DataError, match=r"the first 5 have 12500 pixels, and at most 10000"):
        read(folder.parent)
    for number in range(4, 9):
        (folder / f"{number}.png").unlink()
    assert read(folder.parent)[0].x.shape == (4, 50, 50)


@pytest.mark.parametrize(("size", "side"), [(1 << 11, 1 << 11), (10, (1 << 11) + 16)])
def test_a_tile_of_a_tiff_is_no_larger_than_an_image_may_be(tmp_path, size, side):
    """A tile is read whole, even where the image in it has a few pixels."""
    tile = zlib.compress(bytes(side * side), 0)
    tags = {256: size, 257: size, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side}
    tags |= {324: 8 + 2 + 12 * (len(tags) + 2) + 4, 325: len(tile)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    path = tmp_path / "images" / "a" / "1.tif"
    path.parent.mkdir(parents=True)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    path.write_bytes(head + entries + bytes(4) + tile)
    if side == size:
        assert read(tmp_path / "images")[0].x.shape == (1, size, size)
    else:
        with pytest.raises(DataError, match=f"tiles of {side} x {side} pixels: at most"):
            read(tmp_path / "images")
