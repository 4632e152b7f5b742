"""Agents' conversations: which there are, and which session each works on.

Imports core only.
"""
