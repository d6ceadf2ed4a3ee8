// What the theme leaves without a name, and wide tables that a keyboard must reach to scroll.
window.addEventListener("load", () => {
  const names = { "#__drawer": "Navigation", "#__search": "Search", ".md-search[role=dialog]": "Search" };
  for (const [selector, name] of Object.entries(names))
    document.querySelector(selector)?.setAttribute("aria-label", name);
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap")) table.tabIndex = 0;
});
