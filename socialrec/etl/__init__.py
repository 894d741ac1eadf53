"""DataFrame in, DataFrame out: from landing files to gold features, with Spark built-ins."""
