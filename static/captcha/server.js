/** Calls of the JSON interface; every failure is a ServerError with a stable code. */

const TIMEOUT_MS = 15_000;

export class ServerError extends Error {
  constructor(code, retryAfterS = 0) {
    super(code);
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

export async function post(path, body) {
  const response = await request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

export async function fetchAudio(path) {
  const response = await request(path, {});
  return response.arrayBuffer();
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new ServerError("network");
  }
  if (response.ok) return response;
  const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
  const body = isJson ? await response.json() : {};
  const code = body.error ? body.error.code : "unexpected";
  throw new ServerError(code, Number(response.headers.get("Retry-After")) || 0);
}
