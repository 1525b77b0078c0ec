"""Training in floating point, and the way from real weights to the integer network."""
