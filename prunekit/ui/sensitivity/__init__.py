"""The Sensitivity page: scans, and what they say."""
