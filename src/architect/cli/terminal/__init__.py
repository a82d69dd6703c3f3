"""How a run looks and talks at a terminal: the plan, the story as it happens, the questions at gates.

Everything from documents, systems and people is made visible before it is printed: no escape sequence reaches a
terminal.
"""
