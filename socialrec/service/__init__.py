"""Airflow and MLflow of one home folder: kept running, asked, and shown to people."""
