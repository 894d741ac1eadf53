"""Split, metrics (one a file), baselines and the gate."""
