"""Leases, due timers and the outbox: values, decisions, ports."""
