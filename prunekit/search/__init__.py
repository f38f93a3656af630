"""Searching: what each cut costs, and where a target is cheapest to reach."""
