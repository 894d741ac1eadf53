"""Demo world: a seeded shop with communities of taste, its landing days with planted faults, and the truth about them.

Here belongs all that makes the world up, and nothing that reads landing files. A language of its texts is one module of
`words/`.
"""
