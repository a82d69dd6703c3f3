"""What fast means, measured: each file prints a table and a line of JSON; `python -m benchmarks` runs them all."""
