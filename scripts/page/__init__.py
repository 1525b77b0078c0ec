# SPDX-License-Identifier: BSD-2-Clause
"""The page on which one draws and sees the spikes race: one file, made of a network and `web/`."""
