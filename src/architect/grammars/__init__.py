"""Grammars of the languages that runbooks hold: shell, SQL, PromQL, and the placeholders written into them.

What belongs here: turning text into a syntax tree or into statements with spans, without saying what they do.
Both `runbooks` (which block is what, where statements end) and `commands` (what they do) read these trees.
"""
