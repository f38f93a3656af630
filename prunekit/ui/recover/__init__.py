"""The Recover page: how to recover the accuracy that a cut has cost."""
