"""What a core that learns has besides."""
