# SPDX-License-Identifier: BSD-2-Clause
"""The hardware held against the golden model, spike by spike and cycle by cycle."""
