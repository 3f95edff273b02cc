"""Writes a trace down as NumPy code and as formulas."""
