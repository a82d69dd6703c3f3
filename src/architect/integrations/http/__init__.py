"""HTTP: the one client that speaks to outside addresses, its guard against inner ones, and HTTP conditions."""
