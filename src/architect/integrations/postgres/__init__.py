"""PostgreSQL natively: statements, conditions, identity, who would be ended. The own store is `storage`, not here."""
