"""Bronze to silver, one module an entity.

What all entities share stands in `etl.silver`.
"""
