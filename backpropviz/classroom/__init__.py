"""Many hand-ins at once: which files there are, what is said of each, and what machines and teachers make of it.

handins       finds the files, and has them diagnosed side by side
formats       their reports as other programs read them
"""
