"""Redis and what speaks its protocol: conditions, actions, and settings before a change."""
