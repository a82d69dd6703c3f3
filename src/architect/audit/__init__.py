"""The record: events, their canonical form, the hash chain, signed checkpoints, and the proof of it all.

Pure but for `keys`, which reads and writes the signing key. Where events are stored is `architect.storage`.
"""
