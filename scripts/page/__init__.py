# SPDX-License-Identifier: BSD-2-Clause
"""The room `page`: a web page for drawing digits and watching the spikes, one file.

It is made of a network and of `web/`.
"""

NEEDS = ()
VERBS = {
    "Inspect": {
        "page": "Write a page for the browser: NET classifies drawings, and shows its spikes.",
    },
}
