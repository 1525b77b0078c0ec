"""From a network to a programmed board: what fits, bitstreams, programmers."""
