"""The Tune page: the controls, notes and tables around the bars."""
