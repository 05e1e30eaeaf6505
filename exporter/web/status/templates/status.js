"use strict";
// Without this script the page works by links and one form. With it, the same addresses are fetched
// and the parts that change are replaced: as one types, clicks, and every few seconds. Times get the
// browser's local time beside UTC.
(() => {
  const REFRESH_MS = 10000;
  const TYPING_MS = 200;
  const silence = document.getElementById("silence");
  const LOCAL = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "medium", timeStyle: "medium",
  });
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
    if (mine !== turn) return; // a later one is in progress
    const answered = fresh !== null && fresh.getElementById("results") !== null;
    silence.hidden = answered;
    if (answered) put(fresh, ["asof", "apps", "expiring", "results", ...(withForm ? ["filter"] : [])]);
  }

  function put(fresh, parts) {
    const focus = document.activeElement.id;
    const following = document.getElementById("follow").checked;
    for (const id of parts) {
      document.getElementById(id).replaceWith(fresh.getElementById(id));
    }
    localise();
    document.title = fresh.title;
    document.getElementById("follow").checked = following;
    if (focus && document.activeElement === document.body) document.getElementById(focus)?.focus();
  }

  function localise() {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.valueOf()) || at.getTimezoneOffset() === 0) continue;
      time.title = `${time.title || time.textContent} \u00b7 ${LOCAL.format(at)} (${document.body.dataset.local})`;
    }
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
    if (!link || link.lang || event.ctrlKey || event.metaKey || event.shiftKey) return;
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
  localise();
  document.documentElement.classList.add("live");
})();
