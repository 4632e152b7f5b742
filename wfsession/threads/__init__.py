"""Agents' conversations: which session each works on, what its transcript says, what it did.

Imports core only.
"""
