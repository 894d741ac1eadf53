"""Personal data in free text: recognised and masked, without Spark.

Which columns are masked is decided in `etl`.
"""
