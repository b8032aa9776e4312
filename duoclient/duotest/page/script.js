"use strict";
(() => {
  // A prompt whose phone is answered elsewhere, or whose code is scanned, goes
  // on by itself.
  const prompt = document.querySelector("form[data-watch]");
  if (prompt) {
    let leaving = false;
    // An answer without a page (204) leaves this one where it is.
    prompt.addEventListener("submit", () => { leaving = true; window.setTimeout(() => { leaving = false; }, 10000); });
    window.addEventListener("pageshow", () => { leaving = false; });
    const tx = new URLSearchParams({ tx: prompt.elements.tx.value });
    const watch = async () => {
      let state = "waiting";
      try {
        const answer = await fetch(prompt.dataset.watch, { method: "POST", body: tx });
        state = (await answer.json()).state;
      } catch { /* the next look may do better */ }
      if (state === "ready" && !leaving) {
        prompt.requestSubmit(document.getElementById("continue"));
      } else if (state === "over" && !leaving) {
        let message = document.getElementById("message");
        if (!message) {
          message = document.createElement("p");
          message.id = "message";
          prompt.querySelector(".card").append(message);
        }
        message.className = "message bad";
        message.setAttribute("role", "alert");
        message.textContent = prompt.dataset.over;
      } else {
        window.setTimeout(watch, 1000);
      }
    };
    window.setTimeout(watch, 1000);
  }

  // A virtual phone shows what rings without being asked.
  const main = document.querySelector("main[data-version]");
  if (main) {
    const live = document.createElement("p");
    live.className = "unseen";
    live.setAttribute("role", "status");
    document.body.append(live);
    const busy = () => [...main.querySelectorAll("input[type=text]")].some((field) => field.value);
    const look = async () => {
      try {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main[data-version]");
        if (page && page.dataset.version !== main.dataset.version && !busy()) {
          const rings = page.querySelector(".request");
          const focused = main.contains(document.activeElement) && document.activeElement.id;
          main.replaceChildren(...page.childNodes);
          main.dataset.version = page.dataset.version;
          if (focused) (document.getElementById(focused) || main.querySelector("a")).focus();
          live.textContent = rings ? main.querySelector("[data-refresh]").dataset.refresh : "";
        }
      } catch { /* the next look may do better */ }
      window.setTimeout(look, 1500);
    };
    window.setTimeout(look, 1500);
  }
})();
