"""The Compare page: the history of runs, and any two of them side by side."""
