// What may be asked for, and how it is shown.
const shortNames = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"], form = byId("ask"), rowLimit = 2000;
shortNames.forEach((name, i) => form.elements.severity.add(new Option(i < 7 ? `${severities[i]} and worse` : "all", name, i === 7, i === 7)));

// cells makes a row of a table, of [text, class, whether it is escaped already].
function cells(list, kind) {
  const tr = document.createElement("tr");
  if (kind) tr.className = kind;
  for (const [text, name, escaped] of list) {
    const td = document.createElement("td");
    td.textContent = plain(text, escaped);
    if (name) td.className = name;
    tr.append(td);
  }
  return tr;
}

function logRow(log) {
  if (log.error) return cells([[""], [""], [""], [""], [log.error]], "bad");
  const level = shortNames.indexOf(log.severity), when = log.received ? new Date(log.received).toLocaleString("sv") : "";
  return cells([[when], [log.severity], [log.host ?? ""], [log.app ?? ""], [log.message, "", log.raw != null]], level < 4 ? "bad" : level === 4 ? "warn" : "");
}

// ask asks for what the form says, again and again if follow, until it is aborted.
let asking = null;
const say = (what, escaped) => { byId("found").textContent = plain(what, escaped); };
async function ask(follow) {
  asking?.abort();
  const mine = asking = new AbortController(), params = new URLSearchParams();
  for (const [name, v] of new FormData(form)) if (v && name !== "token") params.append(name, v);
  if (!params.has("grep")) params.delete("i");
  if (follow) params.set("follow", "1");
  say("asking");
  try {
    do { // the server ends what is followed after a while
      byId("logs").replaceChildren();
      await receive(params, mine.signal, follow);
    } while (follow && !mine.signal.aborted);
  } catch (e) {
    if (!mine.signal.aborted) { say(e.message); press(false); }
  }
}

async function receive(params, signal, follow) {
  const reply = await fetch("logs?" + params, { cache: "no-store", signal, headers: credentials() });
  if (!reply.ok && !(reply.headers.get("Content-Type") ?? "").includes("ndjson")) throw new Error((await reply.text()).trim());
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader(), view = byId("scroll");
  for (let rest = "";;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    const below = view.scrollHeight - view.scrollTop - view.clientHeight < 30, body = byId("logs");
    body.append(...lines.slice(-rowLimit).map(line => logRow(JSON.parse(line))));
    while (body.rows.length > rowLimit) body.rows[0].remove();
    if (below) view.scrollTop = view.scrollHeight;
    say(`${body.rows.length} shown${follow ? ", and what comes" : ""}`);
  }
  if (!follow) say(`${byId("logs").rows.length} found`);
}

const credentials = () => form.elements.token.value ? { Authorization: "Bearer " + form.elements.token.value } : {};
const press = on => byId("tail").setAttribute("aria-pressed", on);
form.addEventListener("submit", e => { e.preventDefault(); press(false); ask(false); });
byId("tail").addEventListener("click", () => {
  const on = byId("tail").getAttribute("aria-pressed") !== "true";
  press(on);
  if (on) ask(true);
  else { asking?.abort(); say(""); }
});

// pollSources shows who sends, every five seconds.
async function pollSources() {
  if (!document.hidden && !byId("contents").hidden) {
    try {
      const reply = await fetch("sources.json", { cache: "no-store", headers: credentials(), signal: AbortSignal.timeout(4000) });
      if (reply.ok) showSources(await reply.json());
    } catch (e) { /* poll says so */ }
  }
  setTimeout(pollSources, 5000);
}

function showSources(table) {
  byId("silent").textContent = plain(`${whole(table.total)} known, ${whole(table.silent)} silent for ${since(table.silent_after)}`);
  byId("sources").replaceChildren(...table.sources.map(source => {
    const age = Math.max(0, (table.now - source.last) / 1e9), silent = age > table.silent_after;
    return cells([[source.peer || "local"], [source.listener], [source.subject], [whole(source.logs), "number"], [bytes(source.bytes), "number"],
      [`${since(age)} ago${silent ? ", silent" : ""}`]], silent ? "warn" : "");
  }));
}

// showSinks shows where logs are sent on to, if they are.
function showSinks(sinks) {
  byId("sinkcard").hidden = sinks.length === 0;
  byId("sinks").replaceChildren(...sinks.map(sink => cells([[sink.name], [sink.target], [sink.connected ? "yes" : "no"],
    [sink.lag_seconds < 60 ? sink.lag_seconds.toFixed(1) + " s" : since(sink.lag_seconds), "number"], [bytes(sink.lag_bytes), "number"],
    [whole(sink.delivered), "number"], [whole(sink.retried), "number"], [whole(sink.refused), "number"],
    [sink.lost_bytes ? bytes(sink.lost_bytes) : "0", "number"]], sink.lost_bytes || sink.refused ? "bad" : sink.connected ? "" : "warn")));
}
