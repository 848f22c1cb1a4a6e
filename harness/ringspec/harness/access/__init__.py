"""Access: how a target is reached, and as whom."""
