"""Files that leave the house: written aside, proven equal in a fresh process, then renamed."""
