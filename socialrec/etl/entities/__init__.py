"""Bronze to silver, one module per entity.

Code that all entities share belongs to `etl.silver`.
"""
