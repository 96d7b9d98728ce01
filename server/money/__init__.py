"""Money as values and rules: the budget of a day. The SQL of money is in server.store."""
