"""Workdirs: a git worktree for each agent and branch, cut from one bare cache per repository.

Imports the core, threads and settings; never prints, never reads the environment.
"""
