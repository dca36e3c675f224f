"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const root = document.documentElement;

  // dark or light: the system's choice until the reader takes another
  const theme = find("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const say = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.hidden = false;
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; say(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", say);
  say();

  // filter by words, level and verdict
  const claims = [...document.querySelectorAll("section.claim")].map((section) => ({
    section,
    node: find(`node-${section.id}`),
    entry: document.querySelector(`.index [data-claim="${section.id}"]`),
    text: `${section.id} ${section.textContent}`.toLowerCase(),
  }));
  const form = find("filter");
  const filter = () => {
    const asked = find("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const level = find("level").value, verdict = find("verdict").value;
    let found = 0;
    for (const { section, node, entry, text } of claims) {
      const fits = (!level || section.dataset.level === level) && (!verdict || section.dataset.verdict === verdict)
        && asked.every((word) => text.includes(word));
      section.hidden = entry.hidden = !fits;
      node.classList.toggle("far", !fits);
      found += fits;
    }
    for (const group of document.querySelectorAll(".subject, .index .group")) {
      group.hidden = !group.querySelector("section.claim:not([hidden]), li:not([hidden])");
    }
    find("found").textContent = found === claims.length ? `${found} claims` : `${found} of ${claims.length} claims`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();

  // a link to a claim that the filter hides shows it; one to a folded part unfolds it
  const reveal = () => {
    const target = find(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("section.claim[hidden]")) { form.reset(); filter(); }
    if (target.tagName === "DETAILS") target.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // the statement of the node under the pointer or the focus, and its neighbours
  const told = find("told");
  const edges = [...document.querySelectorAll("#graph .edge")];
  const leave = () => { told.hidden = true; edges.forEach((edge) => edge.classList.remove("near")); };
  for (const node of document.querySelectorAll("#graph .node")) {
    const link = node.querySelector("a"), name = node.dataset.node;
    const section = find(name);
    const hint = link.querySelector("title");
    const enter = () => {
      leave();
      if (section) {
        const copy = section.querySelector(".statement").cloneNode(true);
        told.replaceChildren(section.querySelector("h4").cloneNode(true), copy);
        told.querySelector("h4").removeAttribute("id");
      } else told.textContent = link.getAttribute("aria-label");
      told.hidden = false;
      // never over the node itself
      told.classList.toggle("top", node.getBoundingClientRect().top > innerHeight / 2);
      edges.filter((e) => e.dataset.from === name || e.dataset.to === name).forEach((e) => e.classList.add("near"));
    };
    if (hint) hint.remove();
    link.addEventListener("mouseenter", enter);
    link.addEventListener("focus", enter);
    link.addEventListener("mouseleave", leave);
    link.addEventListener("blur", leave);
    link.addEventListener("click", leave);
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });

  // what is wider than its place can be scrolled by keyboard
  const reach = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);
  reach();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
})();
