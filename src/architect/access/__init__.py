"""People, roles, approvals and the rule of two people. Pure: who may decide what, from values."""
