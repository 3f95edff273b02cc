"""The processes that a hand-in is run in: how they are started, asked, and believed."""
