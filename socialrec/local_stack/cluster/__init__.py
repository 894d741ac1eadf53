"""`make cluster`: PostgreSQL, Redis, an S3 store, Spark and Celery from ordinary packages on this machine.

The servers that every home has belong to `local_stack`.
"""
