"""The folder where Airflow looks for plugins."""
