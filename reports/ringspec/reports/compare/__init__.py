"""Reports side by side: what they say, printed, as files and as a page."""
