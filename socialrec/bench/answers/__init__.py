"""Benchmark of answers: ranking of passages, when to stay silent, and intents, on public data beside peers."""
