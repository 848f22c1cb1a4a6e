"""Reports of the parts of one list, joined into that of the whole."""
