"""Shell actions: bash under a guard process that never leaves a descendant behind.

What belongs here: the guard program, its client, the script around an action's text, what the shell carries from
action to action, and the reading of exit statuses. What an action may do is decided elsewhere.
"""
