"""The local page: what is going on, in a browser, over the same library calls as the command.

Imports the rooms below and nothing of `cli`. Nothing imports it but the verb that starts it. It
decides nothing: figures, states and repairs are the library's.
"""
