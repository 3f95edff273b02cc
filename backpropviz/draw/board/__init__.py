"""The circuit as on a blackboard: round gates, values on black wires to the right, gradients on red wires back.

`record` says what is drawn, `reading` reads it off a trace, `grid` gives every gate a column and a row, `spacing` and
`drafting` turn that into coordinates, and `geometry` holds the result, which every writer draws as it is.
"""
