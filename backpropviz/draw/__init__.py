"""Draws a trace: pictures, frames, pages that play, TikZ and Mermaid."""
