"""Runs a function on traced arrays and records it: forward, backward, and again."""
