"""Markdown in, typed documents out: runbooks, steps, actions, variables, each with its span.

Pure and total: any bytes give a Document, nothing raises, every code point belongs to exactly one node.
What a command *does* is not known here (see `architect.commands`).
"""
