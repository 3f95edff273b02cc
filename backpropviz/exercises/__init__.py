"""Worksheets and questions made from a trace, and their grading."""
