"""Nightly social-commerce recommendations: Airflow starts jobs, jobs call this library, the library keeps one lake."""

__version__ = "0.1.0"
