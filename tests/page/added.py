# SPDX-License-Identifier: BSD-2-Clause
"""What the verb `page` adds to the tests of all verbs."""

LIGHT = ("page",)
SHOW_NAMES = ((("page", "{net}", "--images", "3", "-o"), ".html"),)
TAKE_MISSING_VALUES = ("page {net} -o a.html",)
TAKE_SOUND = ("page net.npz -o page.html", "page net.npz --dataset words -o page.html")
KILLED = {"page": ("page mnist-4bit -o page.html", ("page.html",))}
ON_A_FULL_DISK = {"page": "page mnist-4bit --images 5 -o page.html"}
SURVIVORS = (
    (
        r"scripts/page/web/maps\.js:.*\n(.*\n)*.*#last = 1",
        "It is set with each trace that is shown, and nothing is shown before.",
    ),
)
