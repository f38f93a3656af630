"""The Open page: the task on the desk, its checkpoint and its structure."""
