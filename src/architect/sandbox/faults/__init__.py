"""Faults, declared: what each does to the world, how it shows, and how the world is checked afterwards."""
