"""The Recover page: how to recover what a cut took."""
