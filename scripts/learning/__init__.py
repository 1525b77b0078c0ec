"""What the verb `learn` needs."""
