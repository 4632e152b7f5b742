"""The index: what threads said, did and cost, in a SQLite file that can be deleted at any time.

Imports core, threads and errors. Files of agents and of roots are the truth and are only read;
what is kept here is made of them. Never prints, and takes directories and settings as arguments.
"""
