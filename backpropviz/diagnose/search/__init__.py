"""The search for the first wrong line, and for the edit that mends it."""
