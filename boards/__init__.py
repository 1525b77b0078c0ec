"""The core on a desk: one small file a board (none yet)."""
