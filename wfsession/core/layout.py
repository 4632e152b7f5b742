"""The names of what wfsession keeps in a root. Constants only."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

ROOT = ".workflow"
COMPLETED: "Literal['completed']" = "completed"
RECORD = "workflow-session.json"
ARCHIVING = ".archiving"
TASKS = ".task"
THREADS = ".threads"
CONVERSATION = ".conversation"
STORIES = ".stories"
ATTIC = ".attic"
REGISTRY = "session_status.jsonl"
IGNORE = ".gitignore"
IGNORED = b".active-*\n.threads/\n.wf/\n"
PRIVATE = ".wf"
LOCK = "lock"
HINT = "active"
STAGING = "tmp"
# What lies in a session beside the user's files.
IN_SESSION = frozenset({RECORD, ARCHIVING, THREADS, CONVERSATION, STORIES})
# What lies in a root and never becomes a session of it.
OWN = frozenset({PRIVATE, f"{PRIVATE}/{STAGING}", ATTIC, THREADS, CONVERSATION, COMPLETED})
