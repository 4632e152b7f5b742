"""Codex's hooks, which have the shape of Claude Code's. Source: its documentation of hooks.

Older versions call a PreToolUse hook failed that gives context, so there we are silent. No event
tells that a conversation has ended, and no file gives its shells a variable.
"""

from wfsession.hooks.agent import ASK, CHECKPOINT, KEEP, NOTHING, SEEN, START, Agent

AGENT = Agent(
    "codex",
    {
        "SessionStart": START,
        "UserPromptSubmit": ASK,
        "PreToolUse": NOTHING,
        "PostToolUse": ASK,
        # What the hook of the tools that edit calls their PostToolUse.
        "KeepPatch": KEEP,
        "PreCompact": CHECKPOINT,
        "Stop": SEEN,
        "SubagentStop": NOTHING,
    },
    speaking=frozenset({"SessionStart", "UserPromptSubmit", "PostToolUse"}),
    home=("CODEX_HOME", "~/.codex"),
)
