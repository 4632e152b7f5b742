"""Stories of small conversations, with subagents."""

from collections.abc import Mapping

from tests.transcripts import Line, answer, call, converse, result, text
from wfsession.threads.conversation import Conversation
from wfsession.threads.prices import read_prices
from wfsession.threads.story import Story
from wfsession.threads.subagents import MAIN, Meta, Spawner, link_subagents
from wfsession.threads.timeline import Child, Limits, build_story

PRICES = read_prices()
A, B, C, D = ("a" * 16, "b" * 16, "c" * 16, "d" * 16)


def tell(
    *lines: Line,
    children: Mapping[str, tuple[Meta, list[Line]]] | None = None,
    run_agents: tuple[Conversation, ...] = (),
    limits: Limits | None = None,
) -> Story:
    main = converse(*lines)
    talks = {agent: converse(*rows) for agent, (_, rows) in (children or {}).items()}
    metas = {agent: meta for agent, (meta, _) in (children or {}).items()}
    spawners = [Spawner(MAIN, main.calls, main.results)]
    spawners += [Spawner(agent, one.calls, one.results) for agent, one in talks.items()]
    links = link_subagents(metas, spawners)
    known = {one.agent: Child(metas[one.agent], one, talks[one.agent]) for one in links}
    return build_story(
        main, known, PRICES.cost_of, run_agents=run_agents, limits=limits or Limits()
    )


def bash(key: str, command: str, error: bool | None = None) -> list[Line]:
    return [
        answer(f"m-{key}", call(key, "Bash", command=command)),
        result(key, "Exit code 1" if error else "ok", error=error),
    ]


def chain(*agents: str) -> dict[str, tuple[Meta, list[Line]]]:
    """Return subagents each of which started the next."""
    rows = {}
    for agent, below in zip(agents, (*agents[1:], ""), strict=True):
        spawn = [answer(f"m-{agent}", call(f"to-{below}", "Task")), result(f"to-{below}")]
        last = [answer(f"m-{agent}", text("Done."), usage={"output": 1})]
        rows[agent] = (Meta("Explore", "look", f"to-{agent}"), spawn if below else last)
    return rows


def start(agent: str, second: int = 0) -> list[Line]:
    return [
        answer(f"m{second}", call(f"to-{agent}", "Task", description="x"), second=second),
        result(f"to-{agent}", second=second + 1),
    ]
