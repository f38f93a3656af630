"""The public face: a desk on a person's own objects, whose every verb returns its result."""
