"""Running: a plan is fired at a target and judged."""
