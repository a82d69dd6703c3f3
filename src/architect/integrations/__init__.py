"""One package a system: shell, http, prometheus, postgres, redis, aws. Adapters know nothing of each other."""
