"""Shows a trace in the terminal: plain records, their layout as text, and tables."""
