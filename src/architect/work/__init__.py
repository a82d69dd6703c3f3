"""Leases, and the locks of targets: values, decisions, ports."""
