"""Bundled networks with their data and checkpoints, and the opening of one's own."""
