// Returns what is wrong with how a page lies: what is cut off, overlaps, or is too small to read.
// Everything that can be unfolded is unfolded first. Lines of text and controls are boxes.
() => {
  const LEAST_HEIGHT = 9;
  const SLACK = 2;
  const CONTROLS = "button, input:not([type=hidden]), select, meter, svg, summary";
  for (const one of document.querySelectorAll("details")) one.open = true;

  const tell = (box) => `${box.what} ${JSON.stringify(box.words.slice(0, 40))}`;
  const scrolls = (one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);
  const hides = (one) => ["hidden", "clip"].includes(getComputedStyle(one).overflowX);

  function listBoxes() {
    const boxes = [];
    const add = (element, what, words, rects) => {
      if (element.closest(".skip, [hidden]")) return;
      for (const { left, top, right, bottom } of rects) {
        if (right - left > 0 && bottom - top > 0) {
          boxes.push({ element, what, words, left, top, right, bottom });
        }
      }
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const element = text.parentElement;
      const isShown = text.data.trim() && element.checkVisibility() && !element.closest("meter");
      if (!isShown || element.tagName === "title") continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const rects = element.closest("svg") ? [element.getBoundingClientRect()] : range.getClientRects();
      add(element, element.tagName, text.data.trim(), rects);
    }
    for (const one of document.querySelectorAll(CONTROLS)) {
      add(one, `the ${one.tagName}`, one.getAttribute("aria-label") ?? "", [one.getBoundingClientRect()]);
    }
    return boxes;
  }

  function* findCut(box) {
    if (box.what === "text" && box.bottom - box.top < LEAST_HEIGHT) {
      yield `${tell(box)} is ${Math.round(box.bottom - box.top)} px high`;
    }
    for (let at = box.element; at; at = at.parentElement) {
      // What one can scroll to is there.
      if (scrolls(at) && at !== document.body) return;
      const around = at.getBoundingClientRect();
      const isOver = box.left < around.left - 1 || box.right > around.right + 1;
      const isUnder = box.top < around.top - 1 || box.bottom > around.bottom + 1;
      if (hides(at) && (isOver || isUnder)) yield `${tell(box)} is cut off by ${at.tagName}`;
      const isCell = at.matches("td, th, li, dd, dt, button, article, pre, .note, .step");
      if (isCell && isOver) yield `${tell(box)} sticks out of ${at.tagName}`;
    }
    if (box.left < -1 || box.right > innerWidth + 1) yield `${tell(box)} is beside the window`;
  }

  function isNested(one, other) {
    return one.element === other.element
      || (one.what.startsWith("the ") && one.element.contains(other.element))
      || (other.what.startsWith("the ") && other.element.contains(one.element));
  }

  function* findOverlaps(boxes) {
    boxes.sort((one, other) => one.top - other.top);
    for (let n = 0; n < boxes.length; n += 1) {
      const one = boxes[n];
      for (let m = n + 1; m < boxes.length && boxes[m].top < one.bottom - SLACK; m += 1) {
        const other = boxes[m];
        const isBeside = other.left > one.right - SLACK || other.right < one.left + SLACK;
        const scroller = (box) => box.element.closest(".wide");
        if (!isBeside && !isNested(one, other) && scroller(one) === scroller(other)) {
          yield `${tell(one)} overlaps ${tell(other)}`;
        }
      }
    }
  }

  function* findLoose() {
    for (const one of document.querySelectorAll("g")) {
      const [rect, text] = [one.querySelector("rect"), one.querySelector("text")];
      if (!text) continue;
      const around = rect.getBoundingClientRect();
      if (text.getBoundingClientRect().right > around.right) {
        yield `${JSON.stringify(text.textContent.slice(0, 40))} sticks out of its cell`;
      }
    }
  }

  // A word that has room on a line of the narrowest window stands on one.
  function* findBroken() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      if (!text.parentElement.checkVisibility()) continue;
      for (const { 0: word, index } of text.data.matchAll(/(?<=^|\s)\w{1,14}(?=$|\s)/gu)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const lines = new Set([...range.getClientRects()].map((rect) => Math.round(rect.top)));
        if (lines.size > 1) yield `${JSON.stringify(word)} is broken over ${lines.size} lines`;
      }
    }
  }

  const over = document.documentElement.scrollWidth - innerWidth;
  const boxes = listBoxes();
  return {
    boxes: boxes.length,
    wrong: [
      ...(over > 0 ? [`the page is ${over} px too wide`] : []),
      ...boxes.flatMap((box) => [...findCut(box)]),
      ...findOverlaps(boxes),
      ...findLoose(),
      ...findBroken(),
    ],
  };
}
