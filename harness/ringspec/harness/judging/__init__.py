"""Judging exchanges: findings, outcomes of rules, the conclusion of a run."""
