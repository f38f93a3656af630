"""The Tune page: what stands around the bars."""
