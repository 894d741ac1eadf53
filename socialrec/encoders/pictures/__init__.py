"""Picture encoders: vision models by name, and vectors of many pictures.

What is read of a landed file belongs to `etl.landing.pictures`; here every picture is a JPEG of our own.
"""
