"""Bodies of the case list: valid, invalid, and neither."""
