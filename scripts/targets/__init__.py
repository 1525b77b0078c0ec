"""What can run a network for a verb."""
