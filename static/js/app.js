// Progressive enhancement only: every act works without this file.
"use strict";

(function () {
  const root = document.documentElement;

  function showScriptedParts() {
    for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
  }

  // A form marked data-once is sent once; the button stays readable and says that it works.
  function sendOnce() {
    document.addEventListener("submit", function (event) {
      const form = event.target;
      if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-once")) return;
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
      for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
    });
    // Coming back with the browser's arrow restores the page as it was left: sent.
    window.addEventListener("pageshow", function () {
      for (const form of document.querySelectorAll("form[data-once]")) {
        delete form.dataset.sent;
        for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
      }
    });
  }

  function focusErrors() {
    const summary = document.querySelector("[data-focus]");
    if (summary) summary.focus();
  }

  function preferences() {
    const controls = document.querySelectorAll("[data-preference]");
    function mark() {
      for (const control of controls) {
        const now = root.dataset[control.dataset.preference] || "";
        control.setAttribute("aria-pressed", String(now === control.dataset.value));
      }
    }
    for (const control of controls) {
      control.addEventListener("click", function () {
        const name = control.dataset.preference;
        const value = control.dataset.value;
        if (value) root.dataset[name] = value;
        else delete root.dataset[name];
        try {
          localStorage.setItem("pilotage." + name, value);
        } catch (error) {
          // Storage closed: the choice holds for this page only.
        }
        mark();
        document.dispatchEvent(new CustomEvent("pilotage:theme"));
      });
    }
    mark();
  }

  // One menu open at a time; Escape and a click elsewhere close it and give the focus back.
  function menus() {
    const open = function () {
      return document.querySelectorAll("details.menu[open]");
    };
    document.addEventListener("click", function (event) {
      for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
    });
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") return;
      for (const menu of open()) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  }

  // "/" goes to the search box, unless one is typing.
  function searchKey() {
    document.addEventListener("keydown", function (event) {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, textarea, select, [contenteditable]")) return;
      const box = document.querySelector('[data-shortcut="/"]');
      if (!box) return;
      event.preventDefault();
      box.focus();
    });
  }

  // A select or box marked data-submit sends its filter form at once.
  function submitOnChange() {
    document.addEventListener("change", function (event) {
      if (event.target.matches("[data-submit]") && event.target.form) event.target.form.requestSubmit();
    });
  }

  showScriptedParts();
  sendOnce();
  focusErrors();
  preferences();
  menus();
  searchKey();
  submitOnChange();
})();
