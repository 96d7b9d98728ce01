"""The contract's rules: what a request may hold, and every violation of one that holds more.

The functions read messages into plain values and gather violations; they ask nobody. A client
may check a form with them before it calls, and `imggen.testing` refuses what the service refuses.
"""
