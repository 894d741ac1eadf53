"""Benchmarks against peers: each prints one JSON object. They are run by hand, never as tests with a time limit."""
