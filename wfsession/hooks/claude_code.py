"""Claude Code's hooks. Source: its documentation of hooks and of settings."""

from wfsession.hooks.agent import ASK, CHECKPOINT, END, KEEP, NOTHING, SEEN, START, Agent

AGENT = Agent(
    "claude-code",
    {
        "SessionStart": START,
        "UserPromptSubmit": ASK,
        "PreToolUse": ASK,
        "PostToolUse": ASK,
        # What the hook of the tools that edit calls their PostToolUse.
        "KeepPatch": KEEP,
        "PreCompact": CHECKPOINT,
        "Stop": SEEN,
        "SubagentStop": NOTHING,
        "SessionEnd": END,
    },
    speaking=frozenset({"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse"}),
    home=("CLAUDE_CONFIG_DIR", "~/.claude"),
    environment_file="CLAUDE_ENV_FILE",
    # It is for the agent; people would find it repeated in their transcript.
    extra={"suppressOutput": True},
)
