"""Conversations as they are kept, and whose line is this: intake, stories, patches, records, blame.

Imports core, threads and settings, and git as a program. Never prints, never reads the environment.
"""
