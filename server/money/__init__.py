"""Money as values and rules: the budget of a day.

No SQL: that of money is in `server.store`.
"""
