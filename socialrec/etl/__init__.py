"""Landing files to gold features: functions from DataFrame to DataFrame, with Spark built-ins."""
