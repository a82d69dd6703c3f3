"""The record: events, their canonical form, the hash chain, signed checkpoints, and the EventStore port."""
