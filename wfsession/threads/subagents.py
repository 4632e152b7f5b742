"""Which call started which subagent, and who is whose parent.

Pure. Imports this room and the reader of JSON texts. Ids are looked up among the files that are
there, and never made into paths.
"""

from collections.abc import Iterable, Mapping

import orjson
from attrs import frozen

from wfsession.threads.ancestry import find_cycles, measure_depths
from wfsession.threads.events import ToolCall, ToolResult
from wfsession.threads.launches import find_agents
from wfsession.threads.loose import get_count, get_text

SPAWNING = frozenset({"Task", "Agent"})
# What a thread itself is called among its agents.
MAIN = ""


@frozen
class Meta:
    """What stands beside a subagent's transcript; what is not said is empty or None."""

    type: str = ""
    description: str = ""
    call: str = ""
    depth: int | None = None
    parent: str = ""


@frozen
class Link:
    """Where a subagent belongs.

    `parent` is the agent whose call started it, MAIN for the thread itself and None where that is
    not known; `call` the key of the call, empty where it is not known; `depth` is 1 below MAIN.
    """

    agent: str
    parent: str | None
    call: str
    depth: int


def parse_meta(data: bytes) -> Meta:
    """Return what a `meta.json` says; nothing where it is no object."""
    try:
        value = orjson.loads(data)
    except ValueError:
        return Meta()
    if not isinstance(value, dict):
        return Meta()
    return Meta(
        type=get_text(value, "agentType"),
        description=get_text(value, "description"),
        call=get_text(value, "toolUseId"),
        depth=get_count(value, "spawnDepth"),
        parent=get_text(value, "parentAgentId"),
    )


@frozen
class Spawner:
    """The calls and results of one transcript, by their keys: those of MAIN, or of a subagent."""

    agent: str
    calls: Mapping[str, ToolCall]
    results: Mapping[str, ToolResult]


def link_subagents(metas: Mapping[str, Meta], spawners: Iterable[Spawner]) -> tuple[Link, ...]:
    """Find the call that started each subagent.

    Best first: the call that its meta names; the call whose result names it by itself; the call of
    a spawning tool in whose result's text it is the first id that is a subagent's here.

    Args:
        metas: what is known of each subagent that has a file, by its id.
        spawners: every transcript that may have started one.

    Returns:
        One link each, in the order of `metas`; nobody is left out. Of a cycle of parents every
        member has the parent None.
    """
    owners: dict[str, str] = {}
    named: dict[str, str] = {}
    mentioned: dict[str, str] = {}
    for spawner in spawners:
        for key in spawner.calls:
            owners.setdefault(key, spawner.agent)
        for key, result in spawner.results.items():
            if result.agent in metas:
                named.setdefault(result.agent, key)
            call = spawner.calls.get(key)
            if call is not None and call.name in SPAWNING:
                first = next((one for one in find_agents(result.text) if one in metas), None)
                if first is not None:
                    mentioned.setdefault(first, key)
    parents: dict[str, str | None] = {}
    calls: dict[str, str] = {}
    for agent, meta in metas.items():
        ways = (meta.call, named.get(agent, ""), mentioned.get(agent, ""))
        # What a child says of its own calls is no sign of who started it.
        call_key = next((key for key in ways if owners.get(key, agent) != agent), "")
        known_parent = meta.parent if meta.parent in metas and meta.parent != agent else None
        parents[agent] = owners[call_key] if call_key else known_parent
        calls[agent] = call_key
    for agent in find_cycles(parents):
        parents[agent] = None
    depths = measure_depths(parents)
    return tuple(Link(one, parents[one], calls[one], depths[one]) for one in metas)
