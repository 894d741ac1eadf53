"""The servers of one home on this machine: configured, started, watched.

In production the platform team runs Airflow and MLflow; nothing but `cli` and `bench` imports this.
"""
