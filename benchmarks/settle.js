// Says when the page changed last, inside the shadow roots of components too, and whether the script has run.
(() => {
  const STATE = "data-test-script-state";
  const state = { last: performance.now(), runs: 0, seen: new WeakSet() };
  const observer = new MutationObserver((records) => {
    for (const record of records) {
      record.addedNodes.forEach(watch);
      if (record.attributeName !== STATE) state.last = performance.now();
      else if (record.target.getAttribute(STATE) === "notRunning") state.runs += 1;
    }
  });
  function watch(node) {
    if (!(node instanceof Element)) return;
    for (const element of [node, ...node.querySelectorAll("*")]) {
      const root = element.shadowRoot;
      if (!root || state.seen.has(root)) continue;
      state.seen.add(root);
      observe(root);
      root.querySelectorAll("*").forEach(watch);
    }
  }
  function observe(root) {
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  }
  observe(document);
  watch(document.documentElement);
  window.citewellBench = {
    // Acts; resolves to the milliseconds until the last change, once the script has run and it was quiet since.
    settled(action, quiet) {
      const began = performance.now();
      state.runs = 0;
      action();
      return new Promise((resolve) => {
        const look = () => {
          const now = performance.now();
          if (state.runs && now - state.last > quiet) resolve(state.last - began);
          else setTimeout(look, 20);
        };
        look();
      });
    },
  };
})();
