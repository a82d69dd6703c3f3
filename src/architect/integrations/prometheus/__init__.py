"""Prometheus: instant queries, as conditions and as actions."""
