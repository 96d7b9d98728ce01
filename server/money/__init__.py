"""Money as values and rules: what a day's budget allows. Its statements are in server.store."""
