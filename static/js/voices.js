// The page of voices: clips appear as the worker speaks them.

const EVERY_MS = 1000;
const list = document.querySelector("[data-spoken]");

const waiting = () => [...list.querySelectorAll("[data-waiting]")];

async function look() {
  let drawn;
  try {
    const response = await fetch(window.location.pathname);
    if (!response.ok) throw new Error(String(response.status));
    drawn = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    tell("The server does not answer. Load this page again.");
    return;
  }
  for (const clip of waiting()) {
    const now = drawn.querySelector(`[data-clip="${clip.dataset.clip}"]`);
    if (now && !("waiting" in now.dataset)) clip.replaceWith(document.adoptNode(now));
  }
  if (waiting().length) window.setTimeout(look, EVERY_MS);
  else tell("All are spoken.");
}

function tell(text) {
  list.querySelector("[data-status]").textContent = text;
}

if (list && waiting().length) window.setTimeout(look, EVERY_MS);
