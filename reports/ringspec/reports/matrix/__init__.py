"""The kill matrix: its model, its text and its files."""
