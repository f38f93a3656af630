"""The Sensitivity page: scans and their charts."""
