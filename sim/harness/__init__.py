# SPDX-License-Identifier: BSD-2-Clause
"""The tools of all benches: compiled simulations, streams with back-pressure, checked sinks."""
