/** Another page of the same session: nothing is loaded again, and the browser's Back leads back. */

/** Go to an address of these pages, as Streamlit does when somebody goes forward to it. */
export function go(address) {
  history.pushState({}, "", new URL(address, document.baseURI));
  dispatchEvent(new PopStateEvent("popstate", {state: {}}));
}

/** Whether a click on a link means this tab. */
export const isPlain = event => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);
