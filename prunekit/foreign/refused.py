"""What a reader says of a file that it does not read."""


class Refused(Exception):
    """The file is damaged, or more than what it should be; the text is one sentence that names it."""
