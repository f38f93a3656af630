"""The Compare page: runs, and two of them side by side."""
