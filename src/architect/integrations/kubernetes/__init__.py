"""Kubernetes through kubectl: rollouts as conditions, and what a workload was before a change."""
