"""Nights of a home as people follow them: started, past, served, explained.

What a night computes is in the jobs.
"""
