"""The addresses of the site, each with the page that it answers. Reads only, but for `actions`.

Imports this room and Starlette. Figures come from the library as they are.
"""

import hmac
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

import anyio
import anyio.to_thread
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from wfsession import words
from wfsession.core.jsontext import encode_json
from wfsession.core.model import Record
from wfsession.errors import WfError, as_wf_error
from wfsession.index.usage import By, add_sums
from wfsession.overview.now import read_now
from wfsession.overview.site import Site
from wfsession.web import text
from wfsession.web.actions import OFFERED, act, plan_repairs, tell_last, tell_resume
from wfsession.web.guard import MOST_BODY_BYTES, Guard, Keys
from wfsession.web.kept import Kept
from wfsession.web.lists import (
    KEYS,
    PAGE_ROWS,
    read_run_page,
    read_runs_page,
    read_search_page,
    read_usage_page,
    read_workdirs_page,
)
from wfsession.web.live import Live
from wfsession.web.session import read_session_page
from wfsession.web.telling import read_thread_page

_HERE = os.path.dirname(__file__)
_MENU = tuple((name, f"/{name.lower()}") for name in ("Runs", "Usage", "Search", "Workdirs"))
_MOST_WORDS = 200
_ZONE, _MOST_ZONE = "wf-zone", 60


class Pages:
    """What answers requests; see `make_app`."""

    def __init__(self, site: Site, keys: Keys, live: Live) -> None:
        self._site = site
        self._live = live
        self._keys = keys
        self._templates = make_templates(site, keys)
        self._kept = Kept(site, read_zone)

    def render(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page made of a template."""
        return HTMLResponse(self._templates.get_template(name).render(values), status)

    def now(self, request: Request) -> Response:
        """Answer what is going on."""
        here = self._site.open_workspace()
        last = tell_last(here) if here else ""
        return self.render("now.html", page="now", now=read_now(self._site), last=last)

    def session(self, request: Request) -> Response:
        """Answer with one session."""
        found = read_session_page(
            self._site, request.path_params["key"], request.path_params["name"]
        )
        record = found.row.session.record
        offered = OFFERED.get(found.row.session.state, ())
        return self.render(
            "session.html", page="", it=found, record_text=_write_out(record), offered=offered
        )

    def thread(self, request: Request) -> Response:
        """Answer with what one thread did."""
        asked = request.query_params
        view, axis = asked.get("view"), asked.get("axis")
        found = read_thread_page(
            self._site,
            request.path_params["id"],
            view if view in ("approach", "map") else "timeline",  # type: ignore[arg-type]  # one of them
            "step" if axis == "step" else "time",
            _read_piece(request),
        )
        costs = {one.agent: one.cost_usd for one in found.map.windows}
        command = "" if found.is_gone else tell_resume(found.agent, found.id, found.cwd)
        return self.render("thread.html", page="", it=found, costs=costs, command=command)

    def runs(self, request: Request) -> Response:
        """Answer with the runs."""
        return self.render(
            "runs.html", page="runs", it=read_runs_page(self._site, _read_piece(request))
        )

    def run(self, request: Request) -> Response:
        """Answer with one run."""
        found = read_run_page(self._site, request.path_params["run"])
        total = add_sums(one.sums for one in found.agents)
        return self.render("run.html", page="runs", it=found, total=total)

    def usage(self, request: Request) -> Response:
        """Answer with what was used."""
        asked = request.query_params.get("by")
        by: By = next((key for key in KEYS if key == asked), "day")
        found = read_usage_page(self._site, by, _read_piece(request), read_zone(request))
        return self.render("usage.html", page="usage", it=found, keys=KEYS)

    def search(self, request: Request) -> Response:
        """Answer with what was said."""
        words = request.query_params.get("q", "")[:_MOST_WORDS].strip()
        found = read_search_page(self._site, words) if words else ()
        return self.render("search.html", page="search", words=words, found=found, most=PAGE_ROWS)

    def workdirs(self, request: Request) -> Response:
        """Answer with the workdirs."""
        return self.render("workdirs.html", page="workdirs", it=read_workdirs_page(self._site))

    def repair(self, request: Request) -> Response:
        """Answer with what a repair would do."""
        found = plan_repairs(self._site, request.path_params["key"])
        return self.render("repair.html", page="", it=found)

    async def act(self, request: Request) -> Response:
        """Do what a form of ours asks for, and lead to where that is seen."""
        form = await _read_form(request)
        if self._site.is_read_only:
            return self.tell(403, "This server was started with --read-only.")
        if not hmac.compare_digest(form.get("key", "").encode(), self._keys.form.encode()):
            return self.tell(403, "This form is not of a page of this server: load it again.")
        asked = request.path_params
        names = (asked["what"], asked["key"], asked.get("name", ""))
        place = await anyio.to_thread.run_sync(act, self._site, *names, form)
        self._site.tell_change()
        return RedirectResponse(place, status_code=303)

    def tell(self, status: int, sentence: str, hint: str = "") -> Response:
        """Answer with a sentence, and what to do about it."""
        return self.render("error.html", status, page="", sentence=sentence, hint=hint)

    async def stream(self, request: Request) -> Response:
        """Answer with a line for each change, until either side goes."""
        return StreamingResponse(self._live.stream(), media_type="text/event-stream")

    def refuse(self, request: Request, error: Exception) -> Response:
        """Answer with what could not be done, and what to do about it."""
        status, sentence, hint = 500, "This page could not be made.", ""
        if isinstance(error, HTTPException):
            status = error.status_code
            sentence = "There is no such page." if status == 404 else HTTPStatus(status).phrase
        elif isinstance(error, WfError | OSError):
            told = error if isinstance(error, WfError) else as_wf_error(".", error)
            status = 404 if isinstance(told, LookupError) else 409
            sentence, hint = str(told), told.hint
        return self.tell(status, sentence, hint)

    def list_routes(self) -> list[Route | Mount]:
        """Return the addresses."""
        keep = self._kept.keep
        return [
            Route("/", keep(self.now)),
            Route("/session/{key}/{name}", keep(self.session)),
            Route("/thread/{id}", keep(self.thread)),
            Route("/runs", keep(self.runs)),
            Route("/run/{run}", keep(self.run)),
            Route("/usage", keep(self.usage)),
            Route("/search", keep(self.search)),
            Route("/workdirs", keep(self.workdirs)),
            Route("/repair/{key}", self.repair),
            Route("/do/{what}/{key}", self.act, methods=["POST"]),
            Route("/do/{what}/{key}/{name}", self.act, methods=["POST"]),
            Route("/live", self.stream),
            Mount("/static", StaticFiles(directory=os.path.join(_HERE, "static"))),
        ]


async def _read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form, the last of a name; what is too long is none."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY_BYTES:
            raise HTTPException(413)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _write_out(record: Record | None) -> str:
    if record is None:
        return ""
    try:
        return encode_json(dict(record.data), indent=2).decode()
    except RecursionError:
        return "It is nested too deeply to be written out here."


def read_zone(request: Request) -> str:
    """Return the name of the reader's zone of time, as the page's script told it; empty: none."""
    return unquote(request.cookies.get(_ZONE, ""))[:_MOST_ZONE]


def _read_piece(request: Request) -> int:
    """Return which piece of a list is asked for; 1 where that is no number."""
    piece = request.query_params.get("piece", "")
    return int(piece) if piece.isascii() and piece.isdigit() and len(piece) < 7 else 1


def make_templates(site: Site, keys: Keys) -> Environment:
    """Return what makes pages of templates: everything is escaped, and made harmless before."""
    templates = Environment(
        loader=FileSystemLoader(os.path.join(_HERE, "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=text.show,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "cost": text.tell_cost,
        "tokens": words.tell_tokens,
        "size": words.tell_size,
        "took": words.tell_length,
        "moment": text.mark_time,
        "age": words.tell_ago,
        "count": words.count,
        "end": text.keep_end,
    }
    templates.globals |= {
        "form_key": keys.form,
        "is_read_only": site.is_read_only,
        "menu": _MENU,
    }
    return templates


def make_app(site: Site, keys: Keys, live: Live) -> Guard:
    """Return the application: its pages behind the guard, and the watch of the disk beside them."""
    pages = Pages(site, keys, live)

    @asynccontextmanager
    async def watch(_: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live.watch)
            yield
            live.stop()

    answer: Callable[[Request, Exception], Response] = pages.refuse
    app = Starlette(
        routes=pages.list_routes(),
        lifespan=watch,
        exception_handlers={HTTPException: answer, WfError: answer, OSError: answer},
    )
    return Guard(app, keys)
