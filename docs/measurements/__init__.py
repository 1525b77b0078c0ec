# SPDX-License-Identifier: BSD-2-Clause
"""Programs that measure figures of the pages; a page names the command beside its figure."""
