"""What every room may use: errors, the clock, identifiers, text made visible.

Imports nothing of ours. Nothing that knows a runbook, a command or a database belongs here.
"""
