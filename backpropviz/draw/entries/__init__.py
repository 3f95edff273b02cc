"""Pictures of arrays as grids, in which one entry is followed: reading.py chooses what they show, grids.py draws."""
