"""Whose line is this: patches with provenance, Agent Trace records, blame.

Imports core and threads, and git as a program. Never prints, never reads
the environment.
"""
