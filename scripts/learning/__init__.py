# SPDX-License-Identifier: BSD-2-Clause
"""Runs of the verb `learn`: session, report and figure."""
