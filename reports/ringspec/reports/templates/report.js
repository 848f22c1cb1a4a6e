"use strict";
(() => {
  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  root.classList.add("js");

  // The island: details of failures, as numbers of texts that many of them share.
  let island;

  const written = (value) => {
    if (typeof value === "string") return [document.createTextNode(value)];
    return value.map(([mark, text]) => {
      if (!mark) return document.createTextNode(text);
      const element = document.createElement(
        mark === "was" || mark === "now" ? "mark" : "span",
      );
      element.className = mark;
      element.textContent = text;
      return element;
    });
  };

  // A narrow screen has no room for two bodies side by side: the lines of both as one.
  const linesOf = (side, mark) => {
    const parts = [];
    for (const node of side.childNodes) {
      const kind = node.className || "";
      const edited = kind === mark || kind === "gap";
      const text = kind === "gap" ? "" : node.textContent;
      const last = parts.at(-1);
      if (last && last.edited === edited) last.text += text;
      else parts.push({ edited, text });
    }
    // Contexts are at even places, what differs at odd ones.
    if (parts[0]?.edited) parts.unshift({ edited: false, text: "" });
    return parts;
  };
  const unify = (failure) => {
    const [twin, body] = ["twin", "body"].map((name) =>
      find(`[data-slot="${name}"]`, failure),
    );
    if (!twin.textContent || !body.textContent) return;
    const [left, right] = [linesOf(twin, "was"), linesOf(body, "now")];
    const out = document.createElement("pre");
    const add = (sign, kind, text) => {
      for (const line of text.replace(/\n$/, "").split("\n")) {
        const element = document.createElement(kind ? "mark" : "span");
        if (kind) element.className = kind;
        element.textContent = `${sign} ${line}${kind ? "" : "\n"}`;
        out.append(element);
      }
    };
    for (let at = 0; at < Math.max(left.length, right.length); at++) {
      if (at % 2 === 0) {
        const text = (right[at] ?? left[at]).text;
        if (text) add(" ", "", text);
        continue;
      }
      if (left[at]?.text) add("-", "was", left[at].text);
      if (right[at]?.text) add("+", "now", right[at].text);
    }
    const figure = document.createElement("figure");
    figure.className = "diff";
    const caption = document.createElement("figcaption");
    caption.textContent = "From the body of its valid twin (-) to the body as sent (+)";
    figure.append(caption, out);
    find(".bodies", failure).after(figure);
    failure.classList.add("unified");
  };
  all(".failure").forEach(unify);

  const fill = (details) => {
    island ??= JSON.parse(find("#island").textContent);
    const texts = island.cases[details.dataset.at].map((at) => island.texts[at]);
    const failure = document.importNode(find("#failure").content, true);
    island.slots.forEach((name, at) => {
      const value = texts[at];
      find(`[data-slot="${name}"]`, failure).replaceChildren(...written(value));
      const part = find(`[data-part="${name}"]`, failure);
      if (part) part.hidden = value.length === 0;
    });
    unify(failure.firstElementChild);
    find(".short", details).replaceWith(failure);
    delete details.dataset.at;
  };

  // The event of opening does not bubble, but it can be caught on its way down.
  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (target.open && target.dataset.at !== undefined) fill(target);
    },
    true,
  );

  // The filter: nothing chosen in a group means all of it.
  const form = find(".filter");
  const rules = all(".rule");
  const texts = new Map();
  const textOf = (rule) => {
    if (!texts.has(rule)) texts.set(rule, rule.textContent.toLowerCase());
    return texts.get(rule);
  };
  const filter = () => {
    const chosen = new FormData(form);
    const kinds = chosen.getAll("kind");
    const levels = chosen.getAll("level");
    const words = chosen.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const rule of rules) {
      const fits =
        (!kinds.length || kinds.includes(rule.dataset.kind)) &&
        (!levels.length || levels.includes(rule.dataset.level)) &&
        words.every((word) => textOf(rule).includes(word));
      rule.hidden = !fits;
      number += fits;
    }
    for (const group of all(".group")) {
      group.hidden = !find(".rule:not([hidden])", group);
    }
    find(".shown", form).textContent = `${number} of ${rules.length} rules shown`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  filter(); // a browser may bring back what was chosen before

  // A link to a rule or a case opens it, hidden or not.
  const visit = () => {
    const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!found || !found.matches(".rule, .case")) return;
    const rule = found.closest(".rule");
    if (rule.hidden) {
      form.reset();
      filter();
    }
    rule.open = true;
    found.open = true;
    if (found.dataset.at !== undefined) fill(found);
    found.scrollIntoView();
    find("summary", found).focus({ preventScroll: true });
  };
  addEventListener("hashchange", visit);
  addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#rule-'], a[href^='#case-']");
    if (link && link.hash === location.hash) visit(); // no change, no event
  });
  if (location.hash) visit();

  // Copying: where a page may not use the clipboard, by way of the selection.
  const copied = async (code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(code);
      return document.execCommand("copy");
    }
  };
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest(".copy");
    if (!button) return;
    const done = await copied(find("code", button.closest(".command")));
    button.textContent = done ? "Copied" : "Selected";
    find("#said").textContent = done ? "Copied" : "Selected: copy it by the keyboard";
    setTimeout(() => {
      button.textContent = "Copy";
      find("#said").textContent = "";
    }, 2000);
  });

  // Print opens what matters, and closes it again.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all(".cause:not([open]), .rule[data-kind='fail']:not([open])");
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();
