"""The tables of the index, and what makes a file one that can be used. Imports nothing of ours.

Rows of transcripts are kept for each file, so that a file that changes or goes takes exactly its
own along; they lie together by thread and key, as of those with one key in one thread only one
counts (`counting.py`). Times are seconds since 1970, in UTC.
"""

import sqlite3

# "wfsi": whose file this is.
APPLICATION_ID = 0x77667369
# Of what the tables mean, where their definitions do not show that it changed.
VERSION = 1

STATEMENTS = (
    # The value `refreshed` is when something was brought in last.
    "CREATE TABLE state(name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE threads(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    # `size` is what the file had when it was opened, `done` how far it was read, `tail` a hash of
    # what stands before that; `settled` is 0 where it was written while it was read.
    """CREATE TABLE files(
        id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        thread INTEGER NOT NULL, agent TEXT NOT NULL, run TEXT NOT NULL, name TEXT NOT NULL,
        folder TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL, settled INTEGER NOT NULL, done INTEGER NOT NULL, tail BLOB,
        lines INTEGER NOT NULL DEFAULT 0, broken INTEGER NOT NULL DEFAULT 0,
        too_long INTEGER NOT NULL DEFAULT 0, unusable INTEGER NOT NULL DEFAULT 0,
        unknown TEXT NOT NULL DEFAULT '', first REAL, last REAL,
        version TEXT NOT NULL DEFAULT '', ending TEXT NOT NULL DEFAULT '',
        last_words TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '', error_at REAL)""",
    "CREATE INDEX files_by_thread ON files(thread, kind)",
    """CREATE TABLE responses(
        thread INTEGER, file INTEGER, key TEXT, at REAL, model TEXT, input INTEGER,
        output INTEGER, cache_read INTEGER, write_5m INTEGER, write_1h INTEGER,
        is_batch INTEGER, counts INTEGER DEFAULT 1,
        PRIMARY KEY(thread, key, file)) WITHOUT ROWID""",
    "CREATE INDEX responses_apart ON responses(thread) WHERE counts = 0",
    """CREATE TABLE tool_calls(
        thread INTEGER, file INTEGER, key TEXT, at REAL, name TEXT, argument TEXT,
        response TEXT, counts INTEGER DEFAULT 1,
        PRIMARY KEY(thread, key, file)) WITHOUT ROWID""",
    "CREATE INDEX tool_calls_apart ON tool_calls(thread) WHERE counts = 0",
    "CREATE INDEX tool_calls_spawning ON tool_calls(thread) WHERE name IN ('Task', 'Agent')",
    # `mentions` are the ids in the text of a result that may name a subagent.
    """CREATE TABLE tool_results(
        thread INTEGER, file INTEGER, key TEXT, at REAL, is_error INTEGER, error TEXT,
        size INTEGER, agent TEXT, task TEXT, run TEXT, mentions TEXT, counts INTEGER DEFAULT 1,
        PRIMARY KEY(thread, key, file)) WITHOUT ROWID""",
    "CREATE INDEX tool_results_apart ON tool_results(thread) WHERE counts = 0",
    """CREATE INDEX tool_results_starting ON tool_results(thread)
        WHERE agent <> '' OR mentions <> '' OR task <> '' OR run <> ''""",
    """CREATE TABLE messages(
        id INTEGER PRIMARY KEY, thread INTEGER, file INTEGER, key TEXT, at REAL, role TEXT,
        text TEXT, model TEXT, counts INTEGER DEFAULT 1, turn TEXT NOT NULL DEFAULT '',
        UNIQUE(thread, key, file))""",
    "CREATE INDEX messages_by_turn ON messages(file, turn) WHERE turn <> ''",
    "CREATE INDEX messages_apart ON messages(thread) WHERE counts = 0",
    """CREATE VIRTUAL TABLE words USING fts5(
        text, content='messages', content_rowid='id',
        tokenize='unicode61 remove_diacritics 2')""",
    """CREATE TABLE git_spans(
        file INTEGER, number INTEGER, cwd TEXT, branch TEXT, first REAL, last REAL,
        PRIMARY KEY(file, number)) WITHOUT ROWID""",
    """CREATE TABLE subagents(
        file INTEGER PRIMARY KEY, type TEXT, description TEXT, call TEXT, depth INTEGER,
        parent TEXT)""",
    """CREATE TABLE run_agents(
        file INTEGER, number INTEGER, agent TEXT, label TEXT, phase TEXT, result BLOB,
        PRIMARY KEY(file, number)) WITHOUT ROWID""",
    """CREATE TABLE runs(
        file INTEGER PRIMARY KEY, name TEXT, status TEXT, task TEXT, started REAL, ended REAL,
        summary TEXT, error TEXT, script TEXT, result BLOB, phases BLOB, agents BLOB)""",
    # Of kept conversations: `turn` is the message that a row of `messages` is a part of.
    """CREATE TABLE turns(
        file INTEGER, key TEXT, role TEXT, model TEXT, PRIMARY KEY(file, key)) WITHOUT ROWID""",
    # The sums of kept stories.
    """CREATE TABLE stories(
        file INTEGER PRIMARY KEY, started REAL, responses INTEGER, tool_calls INTEGER,
        errors INTEGER, retries INTEGER, input INTEGER, output INTEGER, cache_read INTEGER,
        cache_write INTEGER, cost REAL)""",
    # Transcripts whose story was to be kept before their agent deletes them, and of which time.
    """CREATE TABLE aged(
        root TEXT, path TEXT, mtime_ns INTEGER, PRIMARY KEY(root, path)) WITHOUT ROWID""",
    # What git said, and of which tip of a branch, between which times, it was asked.
    """CREATE TABLE commits(
        cwd TEXT, branch TEXT, hash TEXT, at REAL, subject TEXT,
        PRIMARY KEY(cwd, branch, hash)) WITHOUT ROWID""",
    """CREATE TABLE commits_asked(
        cwd TEXT, branch TEXT, tip TEXT, first REAL, last REAL,
        PRIMARY KEY(cwd, branch)) WITHOUT ROWID""",
    """CREATE TABLE sessions(
        root TEXT, name TEXT, state TEXT, title TEXT, path TEXT, tasks TEXT, updated REAL,
        PRIMARY KEY(root, name)) WITHOUT ROWID""",
    """CREATE TABLE bindings(
        root TEXT, thread TEXT, session TEXT, label TEXT, closed REAL, last_seen REAL,
        PRIMARY KEY(root, thread)) WITHOUT ROWID""",
)


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty database an index, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in STATEMENTS:
        connection.execute(statement)
    # What is found is gathered in memory for a whole transaction, and not written in many pieces.
    connection.execute("INSERT INTO words(words, rank) VALUES('hashsize', 16000000)")
    # A pragma takes no parameters.
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def is_foreign(connection: sqlite3.Connection) -> bool:
    """Tell whether a database is one that somebody else made for something else."""
    if connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
        return False
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def find_fault(connection: sqlite3.Connection) -> str:
    """Return why a database is no index that can be used, or an empty text.

    Raises:
        sqlite3.DatabaseError: it is none, or damaged, or locked.
    """
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return "is no index"
    if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        return "is of another version"
    # The tables that hold the words have definitions of SQLite's own.
    found = connection.execute(
        "SELECT sql FROM sqlite_master WHERE sql <> '' AND name NOT LIKE 'words!_%' ESCAPE '!'"
    )
    return "" if {row[0] for row in found} == set(STATEMENTS) else "has other tables"
