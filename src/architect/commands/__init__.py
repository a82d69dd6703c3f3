"""What a command does to its target: effects, systems, targets.

Pure: text in, judgement out. Read has to be proved; whatever is not proved is `unknown`. Knowledge about a tool is
a table in `tools/`; code exists only for languages.
"""
