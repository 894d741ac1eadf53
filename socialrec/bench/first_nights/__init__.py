"""First nights of many shops, and the checks of what they published.

No timing against peers here.
"""
