"""`socialrec check` and `convert`: examine or convert a delivery before it lands.

Nothing here writes to the lake.
"""
