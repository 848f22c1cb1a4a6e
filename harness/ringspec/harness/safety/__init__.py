"""Safety: what may be sent to a target, and what becomes of what it accepted."""
