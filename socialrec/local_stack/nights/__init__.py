"""Nights of a home as people follow them: start, history, serving model, explanation.

The computation is in the jobs.
"""
