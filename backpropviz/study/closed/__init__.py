"""Closed forms: the short expression that equals a stretch of the backward pass, found by value, then proved."""
