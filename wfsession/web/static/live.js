"use strict";
// Times in the reader's zone, and the page as it is now whenever something changed.
// Without this the pages say the same, in UTC, and a reload brings them up to date.

function showTimes(within) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const one of within.querySelectorAll("time[datetime]")) {
    const moment = new Date(one.dateTime);
    if (!Number.isNaN(moment.getTime())) {
      one.title = one.dateTime;
      one.textContent = format.format(moment);
    }
  }
}

function offerCopies(within) {
  for (const one of within.querySelectorAll("[data-copy]")) {
    one.hidden = false;
    one.addEventListener("click", async () => {
      await navigator.clipboard.writeText(one.dataset.copy);
      one.textContent = "Copied";
    });
  }
}

let isLoading = false;
let isStale = false;

function isTyping() {
  const at = document.activeElement;
  return at !== null && at.matches("main input:not([type=hidden]), main select");
}

async function refresh() {
  isStale = true;
  if (isLoading || isTyping()) return;
  isLoading = true;
  try {
    while (isStale && !isTyping()) {
      isStale = false;
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      replace(fresh);
    }
  } finally {
    isLoading = false;
  }
}

function replace(fresh) {
  const main = document.querySelector("main");
  const next = fresh.querySelector("main");
  if (!next) return;
  showTimes(next);
  const known = new Map([...main.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  for (const one of next.querySelectorAll("details[id]")) {
    if (known.has(one.id)) one.open = known.get(one.id);
  }
  const focused = main.contains(document.activeElement) ? findPlace(document.activeElement) : null;
  const top = window.scrollY;
  main.replaceChildren(...next.childNodes);
  document.title = fresh.title;
  offerCopies(main);
  window.scrollTo(0, top);
  if (focused) focused(main)?.focus({ preventScroll: true });
}

// How to find the same link, button or summary again in a page that was made anew.
function findPlace(element) {
  if (element.id) return (main) => main.querySelector(`#${CSS.escape(element.id)}`);
  if (element.matches("summary") && element.parentElement.id) {
    const id = CSS.escape(element.parentElement.id);
    return (main) => main.querySelector(`#${id} > summary`);
  }
  const same = (one) => one.tagName === element.tagName && one.textContent === element.textContent;
  return (main) => [...main.querySelectorAll("a, button")].find(same);
}

showTimes(document);
offerCopies(document);
const status = document.querySelector("#live");
const stream = new EventSource("/live");
let told = null;
stream.addEventListener("hello", (event) => {
  status.textContent = "live";
  // What changed while the connection was lost, or before it was made.
  if (told !== null) refresh();
  told = event.data;
});
stream.addEventListener("change", (event) => {
  told = event.data;
  refresh();
});
stream.addEventListener("error", () => {
  status.textContent = "not connected: wf serve may have ended";
});
document.addEventListener("focusout", () => {
  if (isStale) setTimeout(refresh, 0);
});
window.addEventListener("pagehide", () => stream.close());
// Ages and tiers go on where nothing happens; of a page that nobody sees, once it is seen again.
const AGES_AGAIN_MS = 60_000;
function goOn() {
  if (!document.hidden && stream.readyState === EventSource.OPEN) refresh();
}
setInterval(goOn, AGES_AGAIN_MS);
document.addEventListener("visibilitychange", goOn);

// Going back finds a list where it was left: what was open, and how far down.
const place = `wf ${location.pathname}${location.search}`;
window.addEventListener("pagehide", () => {
  const open = [...document.querySelectorAll("details[id][open]")].map((one) => one.id);
  sessionStorage.setItem(place, JSON.stringify({ open, top: window.scrollY }));
});
const [visit] = performance.getEntriesByType("navigation");
if (visit?.type === "back_forward") {
  const left = JSON.parse(sessionStorage.getItem(place) ?? '{"open":[],"top":0}');
  for (const id of left.open) document.getElementById(id)?.setAttribute("open", "");
  window.scrollTo(0, left.top);
}

// Days are those of the reader's zone, which the server hears of with the next page.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `wf-zone=${encodeURIComponent(zone)}; path=/; SameSite=Strict`;
const days = document.querySelector("[data-zone]");
if (days && days.dataset.zone !== zone) refresh();
