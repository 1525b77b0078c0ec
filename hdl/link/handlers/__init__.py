# SPDX-License-Identifier: BSD-2-Clause
"""The handlers, which execute the requests of a host; one file per handler."""
