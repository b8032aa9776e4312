"use strict";
(function () {
  // The address bar holds the code: out of it, before anything else.
  if (location.search) history.replaceState(null, "", location.pathname);

  function copy(area) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(area.value);
    area.focus();
    area.select();
    return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("copy"));
  }

  document.querySelectorAll("button.copy").forEach(function (button) {
    var area = document.getElementById(button.dataset.copies);
    var label = button.textContent;
    var status = document.getElementById("copied");
    button.hidden = false;
    button.addEventListener("click", function () {
      copy(area).then(function () {
        button.textContent = button.dataset.copied;
        status.textContent = status.dataset.done;
        setTimeout(function () { button.textContent = label; status.textContent = ""; }, 3000);
      }, function () {
        area.focus();
        area.select();
        status.textContent = status.dataset.failed;
      });
    });
  });

  document.querySelectorAll("textarea[readonly]").forEach(function (area) {
    area.addEventListener("focus", function () { area.select(); });
  });

  var expires = document.getElementById("expires");
  var left = document.getElementById("left");
  if (!expires || !left) return;
  var end = Date.parse(expires.dateTime);
  left.hidden = false;
  (function tick() {
    var seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
    var rest = String(seconds % 60).padStart(2, "0");
    left.textContent = seconds ? Math.floor(seconds / 60) + ":" + rest + " " + left.dataset.left : left.dataset.over;
    if (seconds) setTimeout(tick, 1000);
  })();
})();
