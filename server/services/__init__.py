"""The services of the contract, one module each: read the request, decide, admit, answer.

Nothing here depends on how a call arrives or how its answer is sent.
"""
