"""The services of the contract, one module each: read the request, decide, admit, answer.

Nothing here knows how a call arrived or how its answer is sent.
"""
