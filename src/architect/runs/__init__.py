"""One execution of a runbook: plan, states, gates, undo, checks (pure decisions) and the worker behind them."""
