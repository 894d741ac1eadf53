"""Recognition and masking of personal data in free text, without Spark.

The choice of columns to mask belongs to `etl`.
"""
