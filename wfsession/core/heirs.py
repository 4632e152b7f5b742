"""Who inherits what of an older layout: names, places, the active session. Pure.

Every decision stays the same while the plan is half carried out, so that a further run finishes
what an earlier one began: names that are free are given before numbers, lines and entries find
their sessions by names that no move changes, and a status that is overwritten is remembered.
"""

from collections.abc import Iterable

from attrs import define, evolve, field, frozen

from wfsession.core import layout
from wfsession.core.inherit import ORIGIN, Bequest, Words
from wfsession.core.layout import REGISTRY
from wfsession.core.legacy import Found, Legacy, OldPlace, Rejection
from wfsession.core.model import Location
from wfsession.core.names import find_fault, fold, nfc, number_name
from wfsession.core.registry import Entry
from wfsession.core.states import ACTIVE_LIKE, COMPLETED_LIKE
from wfsession.errors import InvalidValue


@define(eq=False)
class Heir:
    """A session as it will be: `dirname` in `location`, empty while it has no name yet.

    `found` is None where it is made. `sources` are what it inherits from, for refusals; `said`
    is the status that the registry gives it. `is_choice` marks one that looks active where
    nothing decides.
    """

    found: Found | None
    dirname: str
    location: Location
    words: list[Words] = field(factory=list)
    sources: list[tuple[str, int | None]] = field(factory=list)
    said: str = ""
    is_active: bool = False
    is_choice: bool = False

    @property
    def name(self) -> str:
        """The name that it will have."""
        return nfc(self.dirname)

    @property
    def former_name(self) -> str:
        """The name that it has now, if it is anywhere."""
        return self.found.session.name if self.found else self.name

    @property
    def path(self) -> str:
        """The path in the root that it will have."""
        return f"{layout.COMPLETED}/{self.dirname}" if self.is_archived else self.dirname

    @property
    def is_archived(self) -> bool:
        """Tell whether it will be in `completed/`."""
        return self.location == layout.COMPLETED

    @property
    def is_moved(self) -> bool:
        """Tell whether it leaves an old place."""
        return self.found is not None and self.found.is_movable

    @property
    def is_concerned(self) -> bool:
        """Tell whether the migration is about it at all."""
        return self.found is None or self.is_moved or bool(self.words) or self.is_choice

    @property
    def bequest(self) -> Bequest:
        """What its record inherits."""
        is_numbered = self.found is not None and self.dirname != self.found.session.dirname
        return Bequest(self.name, is_numbered, tuple(self.words), self._say_status)

    def _say_status(self, status: str) -> str:
        if self.found is not None and self.found.obstacle:
            return status
        if self.is_archived:
            return status if status in COMPLETED_LIKE else "completed"
        if self.is_active:
            return status if status in ACTIVE_LIKE else "active"
        if status and self._is_archiving:
            return status
        if status in COMPLETED_LIKE:
            return status
        if self.said in COMPLETED_LIKE:
            # In the root, "archived" would tell of a move that was cut short.
            return "completed" if self.said == "archived" else self.said
        if status and status not in ACTIVE_LIKE:
            return status
        is_known = not self.said or self.said in ACTIVE_LIKE or self.said == "interrupted"
        return "paused" if status or is_known else self.said

    @property
    def _is_archiving(self) -> bool:
        return self.found is not None and "archive-cut-short" in self.found.session.problems

    @property
    def looks_active(self) -> bool:
        """Tell whether its record says that it is active, or did before this was overwritten."""
        record = self.found.session.record if self.found else None
        if record is None or self._is_archiving or not self.can_be_active:
            return False
        origin = record.data.get(ORIGIN)
        before = origin.get("status") if isinstance(origin, dict) else None
        was_active = record.status == "paused" and before in tuple(ACTIVE_LIKE)
        return record.status in ACTIVE_LIKE or was_active

    @property
    def can_be_active(self) -> bool:
        """Tell whether it will be in the root."""
        return not self.is_archived and not (self.found is not None and self.found.obstacle)


@frozen
class Inheritance:
    """The sessions that a migration is about, who is active, and what could not be used."""

    heirs: tuple[Heir, ...]
    active: Heir | None
    choices: tuple[str, ...]
    rejected: tuple[Rejection, ...]
    notes: tuple[str, ...]


def divide(legacy: Legacy, chosen: str | None = None) -> Inheritance:
    """Decide what becomes of everything that a root holds of older layouts.

    Args:
        legacy: what `read_legacy` returned.
        chosen: which of the sessions that look active is to be, or None for none of several.

    Raises:
        InvalidValue: `chosen` is none of them.
    """
    assembly = _Assembly(legacy)
    assembly.give_names()
    for place in legacy.places:
        assembly.match_manifest(place)
    if legacy.registry is not None:
        assembly.match_registry(legacy.registry.entries)
    assembly.give_numbers()
    active, alike = _decide(legacy, assembly)
    for heir in alike:
        heir.is_choice = True
    names = tuple(sorted(heir.name for heir in alike))
    if chosen is not None:
        active, names = _choose(chosen, alike, names), ()
    if active is not None:
        active.is_active = True
    return Inheritance(
        heirs=tuple(heir for heir in assembly.heirs if heir.is_concerned),
        active=active,
        choices=names,
        rejected=sort_rejected((*legacy.rejected, *assembly.rejected)),
        notes=tuple(assembly.notes),
    )


def sort_rejected(rejected: Iterable[Rejection]) -> tuple[Rejection, ...]:
    """Return refusals in the order in which they are told: lines by number, then paths."""
    return tuple(sorted(rejected, key=lambda one: (one.line is None, one.line or 0, one.source)))


def _choose(chosen: str, alike: list[Heir], names: tuple[str, ...]) -> Heir:
    for heir in alike:
        if heir.name == nfc(chosen):
            return heir
    reason = f"{chosen!r} is none of the sessions that it could be"
    hint = f"one of: {', '.join(names)}" if names else f"wf switch {chosen}"
    raise InvalidValue("active", chosen, reason, hint)


class _Assembly:
    """The heirs while they are being found."""

    def __init__(self, legacy: Legacy) -> None:
        self.heirs: list[Heir] = []
        lines = legacy.registry.rejected if legacy.registry else ()
        self.rejected = [Rejection(REGISTRY, one.line, one.reason) for one in lines]
        self.notes: list[str] = []
        self._legacy = legacy
        self._taken = set(legacy.taken)
        self._by_name: dict[str, Heir] = {}
        self._by_place: dict[tuple[str, str], Heir] = {}

    def give_names(self) -> None:
        """Let every session that is found keep its name, if that is free where it goes."""
        for found in self._legacy.found:
            name = found.session.dirname
            if found.is_movable:
                name = "" if fold(name) in self._taken else name
                self._taken.add(fold(name))
            heir = Heir(found, name, found.session.location)
            self.heirs.append(heir)
            self._by_place.setdefault((found.place, found.session.name), heir)
        # A name means who keeps it before who gets a number, and the root before the archive.
        for heir in sorted(self.heirs, key=lambda heir: (not heir.dirname, heir.is_archived)):
            self._by_name.setdefault(heir.former_name, heir)

    def match_manifest(self, place: OldPlace) -> None:
        """Give each entry of a manifest to its session, or make an archived one of it."""
        for fault in place.manifest.faults if place.manifest else ():
            self.rejected.append(Rejection(place.manifest_path, None, fault))
        for entry in place.manifest.entries if place.manifest else ():
            heir = self._by_place.get((place.name, entry.name)) or self._by_name.get(entry.name)
            if heir is None:
                heir = self._make(entry.name, "completed", place.manifest_path, None)
            if heir is not None:
                heir.words.append(Words("manifest", entry.data))
                heir.sources.append((place.manifest_path, None))

    def match_registry(self, entries: tuple[Entry, ...]) -> None:
        """Give each line of the registry to its session, or make one of it."""
        for entry in entries:
            heir = self._by_name.get(entry.name)
            if heir is None:
                heir = self._make(entry.name, "root", REGISTRY, entry.line)
            if heir is not None:
                heir.words.append(Words("registry", entry.data))
                heir.sources.append((REGISTRY, entry.line))
                heir.said = entry.status
                self._note_directory(entry)

    def _note_directory(self, entry: Entry) -> None:
        directory = entry.data.get("directory")
        if isinstance(directory, str) and directory:
            last = directory.rstrip("/").rpartition("/")[2]
            if nfc(last) != entry.name or ".." in directory.split("/"):
                self.notes.append(
                    f"line {entry.line} of {REGISTRY} gives {entry.name} the directory"
                    f" {directory}; that was not followed"
                )

    def _make(self, name: str, location: Location, source: str, line: int | None) -> Heir | None:
        if fold(name) in self._taken:
            reason = f"{name} has no directory, and something else has its name"
            self.rejected.append(Rejection(source, line, reason))
            return None
        self._taken.add(fold(name))
        heir = Heir(None, name, location)
        self.heirs.append(heir)
        self._by_name[name] = heir
        return heir

    def give_numbers(self) -> None:
        """Give the first free number to each session whose name is taken."""
        for heir in self.heirs:
            if heir.found is None or heir.dirname:
                continue
            name, number = heir.found.session.name, 2
            while fold(number_name(name, number)) in self._taken:
                number += 1
            fault = find_fault(number_name(name, number))
            if fault:
                reason = f"its name is taken, and has no room for a number: {fault}"
                self.rejected.append(Rejection(heir.found.path, None, reason))
                heir.found, heir.dirname = evolve(heir.found, obstacle=reason), name
                continue
            heir.dirname = number_name(name, number)
            self._taken.add(fold(heir.dirname))
            self.notes.append(f"{heir.found.path} is {heir.path} now, as its name was taken")


def _decide(legacy: Legacy, assembly: _Assembly) -> tuple[Heir | None, list[Heir]]:
    """Return who is active, or those who might be: marker before registry before records."""
    heirs = [heir for heir in assembly.heirs if heir.can_be_active]
    if legacy.marked:
        here = [heir for heir in heirs if heir.found and not heir.found.place]
        return next((heir for heir in here if heir.dirname == legacy.marked), None), []
    away = [heir for heir in heirs if heir.found is None or heir.is_moved]
    for name in legacy.waiting:
        for heir in away:
            if heir.former_name == name:
                return heir, []
    registered = _read_registered(legacy, assembly, heirs)
    if registered is not None:
        return registered, []
    if legacy.registry is None and not any(heir.is_moved for heir in heirs):
        return None, []
    # The registry speaks for those that it names.
    alike = [heir for heir in heirs if heir.looks_active and not heir.said]
    if len(alike) == 1 and not legacy.has_obstacle:
        # Without a registry, one that is in the root already would have a marker.
        is_old = legacy.registry is not None or alike[0].is_moved
        return (alike[0] if is_old else None), []
    is_open = legacy.registry is not None or any(map(_is_undecided, alike))
    return None, alike if is_open else []


def _is_undecided(heir: Heir) -> bool:
    """Tell whether one that looks active is moved, or was by a run that was cut short."""
    record = heir.found.session.record if heir.found else None
    return heir.is_moved or (record is not None and record.status not in ACTIVE_LIKE)


def _read_registered(legacy: Legacy, assembly: _Assembly, heirs: list[Heir]) -> Heir | None:
    """Return whom the registry calls active: of several the latest, then the later line."""
    entries = legacy.registry.entries if legacy.registry else ()
    ranked = sorted(
        (entry for entry in entries if entry.status in ACTIVE_LIKE),
        key=lambda entry: (entry.created is not None, entry.created, entry.line),
        reverse=True,
    )
    by_line = {line: heir for heir in assembly.heirs for _, line in heir.sources if line}
    for entry in ranked:
        heir = by_line.get(entry.line)
        if heir in heirs:
            return heir
        if heir is not None:
            where = "is archived" if heir.is_archived else "cannot be moved to the root"
            assembly.notes.append(
                f"{entry.name} was active, as {REGISTRY} says, but it {where} and cannot be"
            )
    return None
