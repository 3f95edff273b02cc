"""Expressions found by the value they should have: built bottom-up from what is in scope, equal values once.

Two readers: closed forms (`study/closed`), and the expression that a student's line should have been (`diagnose`).
"""
