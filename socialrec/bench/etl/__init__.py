"""The ETL against DuckDB on generated landing days.

The peer in SQL is the oracle of the ETL tests too.
"""
