"""Settings: `architect.toml`, trust, environment profiles."""
