"""The protocol on disk: pure values and functions above one pair of hands (`disk`).

Imports nothing of ours but `wfsession.errors`. Never prints.
"""
