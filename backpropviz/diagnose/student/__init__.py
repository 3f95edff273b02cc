"""The student's file: read as it is, taken apart, run inside limits, watched statement by statement."""
