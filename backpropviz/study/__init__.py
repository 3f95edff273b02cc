"""What can be worked out from a trace: checks, comparisons, formulas, volumes."""
