"""What every job shares: arguments, receipts, cost, lineage, scratch folders, doors of the servers.

Nothing here knows what a job does.
"""
