"""Things that tests build by hand."""
