"""Code that the DAG files share. Imports contracts and settings only, so that a DAG file parses in milliseconds."""
