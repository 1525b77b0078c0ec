"""The core in Amaranth: blocks with valid/ready streams, and the Core that connects them."""
