"""Where everything of ours is kept: SQLite or PostgreSQL, behind the ports of audit, access, work and runs.

The only place with SQL on our own database. The operated service's databases are `architect.integrations`.
"""
