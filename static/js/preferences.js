// Runs before the first paint so that a kept choice of colours or size does not flash.
"use strict";
(function () {
  for (const name of ["theme", "size"]) {
    try {
      const value = localStorage.getItem("pilotage." + name);
      if (value) document.documentElement.dataset[name] = value;
    } catch (error) {
      // Storage may be closed to the page; the system's own preference then holds.
    }
  }
})();
