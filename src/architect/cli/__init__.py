"""The terminal: one file a command group; parse, call, print."""
