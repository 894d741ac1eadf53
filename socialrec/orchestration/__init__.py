"""What the DAG files share. Sees contracts and settings only, so that a DAG file parses in milliseconds."""
