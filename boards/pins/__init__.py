"""One small file a board: its pins, clock and lights."""
