"""Plain records as Rich tables for the terminal."""
