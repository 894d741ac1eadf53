"""Code that all jobs share: arguments, receipts, cost, lineage, scratch folders, request filters of the servers,
and copies to and from a GPU.

Nothing here depends on a particular job.
"""
