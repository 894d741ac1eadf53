"""Code that all jobs share: arguments, receipts, cost, lineage, scratch folders, request filters of the servers.

Nothing here depends on a particular job.
"""
