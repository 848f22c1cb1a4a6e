"""The life cycle of what was created: listed cases, and random walks by a model."""
