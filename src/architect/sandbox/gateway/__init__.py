"""The one door of a world: an HTTP(S) proxy for its names, and the way in from a run's own network namespace."""
