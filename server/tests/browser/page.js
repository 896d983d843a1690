// The page as its user finds it: by role, name and visible text. The tests use these functions in their
// conditions, so a change of the markup changes this file and no test.
const page = (() => {
  const ROLES = {
    button: "button, summary",
    checkbox: "input[type=checkbox]",
    columnheader: "[role=columnheader], th",
    combobox: "select",
    complementary: "aside",
    dialog: "dialog",
    grid: "[role=grid]",
    heading: "h1, h2, h3",
    region: "section, [role=region]",
    separator: "[role=separator]",
    slider: "[role=slider], input[type=range]",
    status: "[role=status]",
    tree: "[role=tree]",
    treeitem: "[role=treeitem]",
    textbox: "input:not([type]), input[type=text], input[type=search], input[type=password], textarea",
  };
  // Not \s: that would match the thin spaces in numbers.
  const text = (element) => element.textContent.replace(/[ \n]+/g, " ").trim();
  // A label without the text of the control in it.
  const labelOf = (label) =>
    [...label.childNodes]
      .filter((node) => !node.matches?.("input, select, textarea"))
      .map((node) => node.textContent)
      .join(" ")
      .replace(/[ \n]+/g, " ")
      .trim();
  const name = (element) =>
    element.getAttribute("aria-label") ?? (element.labels?.length ? labelOf(element.labels[0]) : text(element));
  const isVisible = (element) => element.checkVisibility({ visibilityProperty: true });
  const is = (found, wanted) => (wanted instanceof RegExp ? wanted.test(found) : found === wanted);

  /** The visible elements with this role and, if given, this name: a string or a regular expression. */
  const all = (role, wanted, within = document) =>
    [...within.querySelectorAll(ROLES[role])].filter(
      (element) => isVisible(element) && (wanted === undefined || is(name(element), wanted)),
    );
  const find = (role, wanted, within) => all(role, wanted, within)[0] ?? null;
  /** The first element with this role and name, whether it is visible or not. */
  const any = (role, wanted) =>
    [...document.querySelectorAll(ROLES[role])].find((element) => is(name(element), wanted)) ?? null;

  const cells = (row) => [...row.querySelectorAll("[role=gridcell]")];
  /** The text of a row: the label of an event and its data, or the words of another line. */
  const line = (row) => row.querySelector(".line").textContent;
  const rows = () => [...document.querySelectorAll("[role=row]")].filter((row) => cells(row).length > 0);
  const cellsOf = (table) =>
    isVisible(table) ? [...table.tBodies[0].rows].map((row) => [...row.cells].map(text).join(" | ")) : [];
  /** What a figure shows. */
  const figure = (label, within = document) =>
    text([...within.querySelectorAll("dt")].find((term) => text(term) === label).nextElementSibling);
  const log = () => find("grid", "Log");
  const detail = () => find("complementary", "Detail");

  const answer = () => find("complementary", "Answer");
  const answerDetails = () => [...answer().querySelectorAll("details.answer-part")];

  /** The parts of the stream's view from the state of the connection to the log, in the order of the markup. */
  const parts = () => {
    const view = log().closest(".event-stream");
    const isPlaced = (part) => isVisible(part) && getComputedStyle(part).position !== "absolute";
    return [...view.children].filter((part) => isPlaced(part) && part !== detail() && part !== answer());
  };

  return {
    all,
    find,
    any,
    name,
    text,
    line,
    rows,
    figure,
    log,
    parts,
    detail,
    answer,
    /** The sentence about how far the answer is. */
    answerState: () => text(answer().querySelector(".answer-state")),
    /** The elements with the texts of the parts of the answer. */
    answerTexts: () => answerDetails().map((part) => part.querySelector(".answer-text")),
    /** The titles and texts of the parts of the answer. */
    answerParts: () =>
      answerDetails().map(
        (part) => `${text(part.querySelector("summary"))}|${part.querySelector(".answer-text").textContent}`,
      ),
    /** Whether the page shows this text. */
    says: (words) => document.body.innerText.includes(words),
    /** The state of the connection, such as "Open". */
    state: () => text(document.querySelector("[data-state]").querySelector(".link-name")),
    /** The sentence beside the state. */
    explanation: () => text(document.querySelector(".link-explanation")),
    /** The time beside the state. */
    time: () => text(document.querySelector("[data-state]").querySelector(".link-time")),
    lines: () => rows().map(line),
    events: () => rows().filter((row) => row.dataset.kind === "event"),
    /** The rows that are marked as not received by an EventSource. */
    missed: () =>
      rows().filter((row) => cells(row).some((cell) => isVisible(cell) && /^Not received/.test(cell.ariaLabel))),
    /** A figure that is a number without a unit. */
    number: (label) => Number(figure(label).replaceAll("\u2009", "")),
    /** The row at the upper edge of the log. */
    first: () => rows().reduce((a, b) => (a.ariaRowIndex - b.ariaRowIndex < 0 ? a : b)),
    /** The sentence below the log about the number of lines. */
    counts: () => text(document.querySelector(".log-counts")),
    /** The button that leads back to the newest line, if the log is elsewhere. */
    away: () => find("button", /^\+.* new, /),
    selected: () => document.getElementById(log().getAttribute("aria-activedescendant")),
    title: () => text(find("heading", undefined, detail())),
    /** What shows the data in the detail: text, a tree or bytes. */
    box: () => [...detail().querySelectorAll("[aria-label=Data]")].find(isVisible),
    /** The data in the detail, as text. */
    data: () => detail().querySelector("pre[aria-label=Data]").textContent,
    /** The rows of the list of exchanges: their cells. */
    exchanges: () => cellsOf(document.querySelector("#tap .tap-list table")),
    /** The rows of the connections of a client. */
    ledger: () => cellsOf(document.querySelector("#tap .tap-ledger table")),
    isPressed: (button) => find("button", button)?.ariaPressed === "true",
    /** The accessible name of what has the focus. */
    focused: () => name(document.activeElement),
    /** The line of the diagnosis. */
    why: () => ({
      certainty: document.querySelector(".why").dataset.certainty,
      sentence: text(document.querySelector(".why-sentence")),
    }),
    /** The names of all findings, whether they are shown or not. */
    findings: () => [...document.querySelectorAll("[data-mistake]")].map((found) => found.dataset.mistake),
    /** The sentence of the finding with this name. */
    found: (mistake) => text(document.querySelector(`[data-mistake="${mistake}"] .why-found`)),
    value: (role, label) => find(role, label).value,
  };
})();
