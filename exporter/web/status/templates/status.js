"use strict";
// Without this script the page works by links and one form. With it, the same addresses are fetched
// and the parts that change are put in place: as one types, clicks, and every few seconds.
(() => {
  const REFRESH_MS = 10000;
  const TYPING_MS = 200;
  const silence = document.getElementById("silence");
  let turn = 0;
  let typing = 0;

  async function show(withForm) {
    const mine = ++turn;
    let fresh = null;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      // no answer: said below
    }
    if (mine !== turn) return; // a later one is under way
    const answered = fresh !== null && fresh.getElementById("results") !== null;
    silence.hidden = answered;
    if (answered) put(fresh, withForm ? ["asof", "apps", "filter", "results"] : ["asof", "apps", "results"]);
  }

  function put(fresh, parts) {
    const focus = document.activeElement.id;
    const following = document.getElementById("follow").checked;
    for (const id of parts) {
      document.getElementById(id).replaceWith(fresh.getElementById(id));
    }
    document.title = fresh.title;
    document.getElementById("follow").checked = following;
    if (focus && document.activeElement === document.body) document.getElementById(focus)?.focus();
  }

  function filter() {
    const fields = new FormData(document.getElementById("filter"));
    const given = [...fields].filter(([, value]) => value !== "");
    history.replaceState(null, "", "?" + new URLSearchParams(given));
    show(false);
  }

  document.addEventListener("input", (event) => {
    if (event.target.id === "follow") return;
    clearTimeout(typing);
    typing = setTimeout(filter, TYPING_MS);
  });
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    filter();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='?']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    if (link.hash) document.querySelector(link.hash).scrollIntoView();
    show(true);
  });
  addEventListener("popstate", () => show(true));
  setInterval(() => {
    const idle = !document.hidden && getSelection().isCollapsed;
    if (idle && document.getElementById("follow").checked) show(false);
  }, REFRESH_MS);
  document.documentElement.classList.add("live");
})();
