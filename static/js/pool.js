// The progress of the play pool, until there is enough to choose from.

const EVERY_MS = 2000;
const box = document.querySelector("[data-pool]");

async function look() {
  let pool;
  try {
    const response = await fetch(box.dataset.pool);
    if (!response.ok) throw new Error(String(response.status));
    pool = await response.json();
  } catch {
    box.querySelector("[data-status]").textContent = "The server does not answer.";
    window.setTimeout(look, 5 * EVERY_MS);
    return;
  }
  box.querySelector("progress").value = pool.clips;
  box.querySelector("progress").max = pool.target;
  box.querySelector("[data-clips]").textContent = `${pool.clips} of ${pool.target}`;
  box.querySelector("[data-emotions]").textContent = `${pool.emotions} of 7 emotions`;
  const isEnough = !pool.is_filling;
  box.querySelector("[data-status]").textContent = isEnough ? "Enough to choose from." : "";
  if (!isEnough) window.setTimeout(look, EVERY_MS);
}

if (box) window.setTimeout(look, EVERY_MS);
