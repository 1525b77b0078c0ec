# SPDX-License-Identifier: BSD-2-Clause
"""JSON of strangers: bounded, and as it is described."""

import pytest

from firstspike.golden.foreign.json_text import JsonError, check_json, read_json

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("[" * 10**6, "not JSON"),
        ("[" * 33 + "]" * 33, "32 levels"),
        ("[NaN]", "nan"),
        ("[1e999]", "inf"),
        ("9" * 5000, "not JSON"),
        ('["\\ud800"]', "half a character"),
        ('{"\\udfff": 1}', "half a character"),
        (b"\xff\xfe\xfd", "not JSON"),
    ],
)
def test_bad_texts_are_refused(text, told):
    with pytest.raises(JsonError, match=told) as refused:
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
    ("change", "told"),
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
def test_values_are_held_against_a_description(change, told):
    if told is None:
        check_json(GOOD | change, DESCRIPTION, "it")
        return
    with pytest.raises(JsonError, match=told):
        check_json(GOOD | change, DESCRIPTION, "it")


def test_a_field_that_is_missing_is_named():
    with pytest.raises(JsonError, match="it has no 'n'"):
        check_json({}, DESCRIPTION, "it")
