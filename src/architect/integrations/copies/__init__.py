"""Places outside the store where copies of checkpoints are kept: a file, syslog, S3."""
