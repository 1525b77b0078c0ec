# SPDX-License-Identifier: BSD-2-Clause
"""What the verb `study` adds to the tests of all verbs."""

from firstspike.scripts.study import study
from firstspike.scripts.study.figure import draw_curves

LIGHT = ("study",)
WRITE_JSON = ("study",)
TAKE_IMAGES = {"study net.npz": study}
TAKE_SOUND = ("study net.npz --dataset words --images 2 -o study.png",)
SHOW_NAMES = ((("study", "{net}", "--dataset", "{data}", "-o"), ".pdf"),)
KILLED = {
    "study": (
        "study mnist-4bit --images 500 -o study.png --json result.json",
        ("study.png", "result.json"),
    ),
}


def _curves():
    curves = {"a": {"values": [1, 2], "accuracy": [0.5, 1]}, "b": {"values": [0], "accuracy": [0]}}
    return draw_curves(curves, {"a": "first", "b": "second"}, "curves")


FIGURES = {"curves": _curves}
