# SPDX-License-Identifier: BSD-2-Clause
"""The room `study`: how accuracy falls with early deadlines, noise and dead neurons."""

NEEDS = ()
VERBS = {
    "Inspect": {"study": "Measure what early deadlines and faults cost in accuracy."},
}
