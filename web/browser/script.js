"use strict";
(function () {
  var body = document.body;
  // The address bar may hold the code: out of it, before anything else.
  if (location.search && !("keepQuery" in body.dataset)) history.replaceState(null, "", location.pathname);

  function all(selector, use) { document.querySelectorAll(selector).forEach(use); }

  function copy(area) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(area.value);
    area.focus();
    area.select();
    return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("copy"));
  }

  var said = document.getElementById("copied");
  all("button.copy", function (button) {
    var area = document.getElementById(button.dataset.copies);
    var label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", function () {
      copy(area).then(function () {
        button.textContent = button.dataset.copied;
        said.className = "sr";
        said.textContent = said.dataset.done;
        setTimeout(function () { button.textContent = label; said.textContent = ""; }, 3000);
      }, function () {
        area.focus();
        area.select();
        said.className = "toast";
        said.textContent = said.dataset.failed;
      });
    });
  });
  all("textarea[readonly]", function (area) {
    area.addEventListener("focus", function () { area.select(); });
  });

  // Times are in UTC without JavaScript; the reader's own clock is easier.
  var zone = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" };
  all("time[datetime]", function (time) {
    var at = new Date(time.dateTime);
    if (isNaN(at)) return;
    try {
      time.title = time.textContent;
      time.textContent = new Intl.DateTimeFormat(document.documentElement.lang + "-GB", zone).format(at);
    } catch (e) { time.removeAttribute("title"); }
  });

  all("[data-ends]", function (left) {
    var end = Date.parse(left.dataset.ends);
    if (isNaN(end)) return;
    left.hidden = false;
    (function tick() {
      var seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
      var minutes = Math.floor(seconds / 60);
      var hours = Math.floor(minutes / 60);
      var text = (hours ? hours + ":" + String(minutes % 60).padStart(2, "0") : minutes) + ":" + String(seconds % 60).padStart(2, "0");
      left.textContent = seconds ? text + " " + left.dataset.left : left.dataset.over;
      if (seconds) setTimeout(tick, 1000);
    })();
  });

  var current = document.querySelector(".menu [aria-current]");
  if (current) {
    var row = current.closest("ul");
    row.scrollLeft = current.offsetLeft - (row.clientWidth - current.offsetWidth) / 2;
  }

  if (body.dataset.poll) (function ask() {
    setTimeout(function () {
      fetch(body.dataset.poll, { cache: "no-store", redirect: "error" }).then(function (answer) {
        if (answer.status === 204) ask();
        else if (answer.ok) location.reload();
      }, ask);
    }, 3000);
  })();

  // A form that is on its way is not sent twice.
  all("form[method=post]:not([data-again])", function (form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      setTimeout(function () { delete form.dataset.sent; }, 10000);
    });
  });
  addEventListener("pageshow", function () { all("form[data-sent]", function (form) { delete form.dataset.sent; }); });
})();
