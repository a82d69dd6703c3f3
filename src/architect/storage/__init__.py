"""The only place with SQL on our own database: adapters of the ports, and migrations."""
