"""The state of a tab: its desk, its questions to the worker, and their answers."""
