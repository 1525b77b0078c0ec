# SPDX-License-Identifier: BSD-2-Clause
"""What the requests of a host do, one file for each kind of them."""
