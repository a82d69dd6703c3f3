"""AWS through its command line: who the account is, and what was attached before a change."""
