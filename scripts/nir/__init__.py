# SPDX-License-Identifier: BSD-2-Clause
"""The verb of the room `nir`, and the beginning of the files that it writes."""

NEEDS = ()
VERBS = {
    "Exchange": {
        "convert": "Write a network as a NIR graph for other frameworks, or a graph as a network.",
    },
}
BEGINS = {".nir": rb"\x89HDF"}
