"""Bodies drawn by Hypothesis, with their labels."""
