"""The command `wf`: parsing and rendering only, over the same library calls as everybody's.

A verb is a function from a `Call` to an `Answer`; `main` finds the verb, `render` prints the
answer once, for people or as JSON. Nothing here changes a session but through `Workspace`.
"""
