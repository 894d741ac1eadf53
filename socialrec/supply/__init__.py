"""The audit of the dependencies: a program of its own, with tools and a lock of its own."""
