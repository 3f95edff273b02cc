"""Runs of a pair of functions: what came out, beside what is right."""
