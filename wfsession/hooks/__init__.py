"""What agents call: their events in, context for them out; and what puts that into their settings.

Imports core, threads and trace. A hook must never stand in an agent's way: whatever fails here is
one line on standard error, and the exit code is 0. The modules that every prompt and every tool
call goes through (`frame`, `present`, `told`, `quiet`) load nothing heavy.
"""
