# SPDX-License-Identifier: BSD-2-Clause
"""The web page for drawing digits and watching the spikes: one file, from a network and `web/`."""
