// The draw, version 1, in the visitor's own browser: plain JavaScript over WebCrypto, written from the specification, whose
// sections are named here as §. It works on the texts of the bundle's files and sends nothing anywhere.
"use strict";
const drawV1 = (() => {
  const encoder = new TextEncoder();
  const CLASSES = ["D", "C", "B", "A", "-"]; // the order that breaks ties (§2)
  const HASH = /^[0-9a-f]{64}$/;

  class Different extends Error {}

  const bytesOf = (text) => encoder.encode(text);
  const hexOf = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const fromHex = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
  const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha = async (text) => hexOf(await digest(bytesOf(text)));

  // Ascending by UTF-8 bytes, which is by code point.
  function compareText(a, b) {
    const left = Array.from(a), right = Array.from(b);
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const difference = left[i].codePointAt(0) - right[i].codePointAt(0);
      if (difference) return difference;
    }
    return left.length - right.length;
  }

  // RFC 8785 for values without fractions.
  function canonical(value) {
    if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
    if (value !== null && typeof value === "object") {
      return "{" + Object.keys(value).sort().map((key) => JSON.stringify(key) + ":" + canonical(value[key])).join(",") + "}";
    }
    return JSON.stringify(value);
  }

  function require(condition, what, detail) {
    if (!condition) throw new Different(detail ? what + ": " + detail : what);
  }
  function same(found, expected, what) {
    if (canonical(found) === canonical(expected)) return;
    throw new Different(what + ": " + canonical(found).slice(0, 120) + " ≠ " + canonical(expected).slice(0, 120));
  }

  // A file must be canonical with one line end, or a repeated key or another spelling could hide in it.
  function parse(name, text) {
    let value;
    try { value = JSON.parse(text); } catch (error) { throw new Different(name + ": " + error.message); }
    require(text === canonical(value) + "\n", name, "not canonical JSON (RFC 8785) with one line end");
    return value;
  }

  // §2
  function sampleSizes(sample, pool) {
    if ("count" in sample) {
      const size = Object.values(pool).reduce((sum, n) => sum + n, 0);
      return { "*": Math.min(sample.count, size) };
    }
    const quotas = Object.keys(pool).map((name) => ({ name, quota: BigInt(pool[name]) * BigInt(sample.rates_ppm[name] ?? 0) }));
    const million = 1000000n;
    const total = (quotas.reduce((sum, q) => sum + q.quota, 0n) + million - 1n) / million;
    const sizes = {};
    let left = total;
    for (const q of quotas) { sizes[q.name] = Number(q.quota / million); left -= q.quota / million; }
    quotas.sort((a, b) => {
      const difference = (b.quota % million) - (a.quota % million);
      return difference > 0n ? 1 : difference < 0n ? -1 : CLASSES.indexOf(a.name) - CLASSES.indexOf(b.name);
    });
    for (const q of quotas) if (left > 0n) { sizes[q.name] += 1; left -= 1n; }
    return sizes;
  }

  function inPool(row, pool) {
    const prefix = (value, list) => list.some((start) => value.startsWith(start));
    const shares = (held, wanted) => wanted.some((one) => held.includes(one));
    return (!pool.credit || pool.credit.includes(row.credit)) && (!pool.kinds || pool.kinds.includes(row.kind))
      && (!pool.regions || prefix(row.region, pool.regions)) && (!pool.industries || prefix(row.industry, pool.industries))
      && (!pool.permits || shares(row.permits, pool.permits)) && (!pool.regulators || shares(row.regulators, pool.regulators))
      && (pool.max_visits === undefined || row.visits <= pool.max_visits);
  }

  // §1
  function rosterRows(text) {
    if (text === "") return [];
    require(text.endsWith("\n"), "roster.tsv", "the last line has no end");
    let before = null;
    return text.slice(0, -1).split("\n").map((line, index) => {
      const cells = line.split("\t");
      require(cells.length === 8, "roster.tsv", "line " + (index + 1) + " has " + cells.length + " columns, not 8");
      require(before === null || compareText(before, cells[0]) < 0, "roster.tsv", "line " + (index + 1) + " is out of order");
      before = cells[0];
      const list = (cell) => (cell === "" ? [] : cell.split(","));
      return { line, id: cells[0], credit: cells[1], region: cells[2], industry: cells[3], kind: cells[4],
        permits: list(cells[5]), regulators: list(cells[6]), visits: Number(cells[7]) };
    });
  }

  function concatenated(...parts) {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) { all.set(part, at); at += part.length; }
    return all;
  }
  const node = (left, right) => digest(concatenated([1], left, right));
  const leaf = (key, line) => digest(concatenated([0], key, bytesOf(line)));

  async function merkleRoot(leaves) {
    if (leaves.length === 0) return digest(new Uint8Array());
    let level = leaves;
    while (level.length > 1) {
      const above = [];
      for (let i = 0; i < level.length; i += 2) {
        above.push(i + 1 < level.length ? node(level[i], level[i + 1]) : level[i]);
      }
      level = await Promise.all(above);
    }
    return level[0];
  }

  async function rosterRoot(rows, salt) {
    const leaves = [];
    for (let start = 0; start < rows.length; start += 2048) {
      leaves.push(...await Promise.all(rows.slice(start, start + 2048).map(async (row) =>
        leaf(await digest(bytesOf(salt + ":" + row.id)), row.line))));
    }
    return hexOf(await merkleRoot(leaves));
  }

  // RFC 6962 §2.1.1: the root to which a line and its path lead.
  async function proofRoot(proof) {
    require(Number.isSafeInteger(proof.index) && proof.index >= 0 && proof.index < proof.lines, "proof", "index");
    require(HASH.test(proof.key) && proof.path.every((hash) => HASH.test(hash)), "proof", "hash");
    let hash = await leaf(fromHex(proof.key), proof.line);
    let index = proof.index, last = proof.lines - 1;
    for (const sibling of proof.path) {
      require(last > 0, "proof", "the path is too long");
      if (index % 2 === 1 || index === last) {
        hash = await node(fromHex(sibling), hash);
        while (index % 2 === 0 && index !== 0) { index = Math.floor(index / 2); last = Math.floor(last / 2); }
      } else {
        hash = await node(hash, fromHex(sibling));
      }
      index = Math.floor(index / 2);
      last = Math.floor(last / 2);
    }
    require(last === 0, "proof", "the path is too short");
    return hexOf(hash);
  }

  // §4
  const patternOf = (pattern) => new RegExp("^" + Array.from(pattern, (c) =>
    c === "d" ? "[0-9]" : c === "h" ? "[0-9a-f]" : c.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("") + "$", "u");

  async function checkSeed(seed, commitment, commitmentHash) {
    same(Object.keys(seed).sort(), ["commitment", "contributions"], "seed.json");
    require(seed.commitment === commitmentHash, "seed.json: commitment", "is another one");
    const policy = commitment.seed_policy;
    const sources = [...policy.witnesses, ...policy.public].map((one) => one.source).sort(compareText);
    same(seed.contributions.map((one) => one.source), sources, "seed.json: contributions");
    for (const contribution of seed.contributions) {
      const witness = policy.witnesses.find((one) => one.source === contribution.source);
      if (witness) {
        const opened = await sha("yaohao-witness-v1:" + commitment.round + ":" + contribution.source + ":" + contribution.value);
        require(HASH.test(contribution.value) && opened === witness.commitment, "seed.json: " + contribution.source,
          "the number does not open the witness's commitment");
      } else {
        const known = policy.public.find((one) => one.source === contribution.source);
        require(patternOf(known.pattern).test(contribution.value), "seed.json: " + contribution.source, "does not fit its pattern");
      }
    }
    return sha(canonical(seed));
  }

  // §5
  const streamOf = async (seed, request) => request.coordination === "joint" ? seed : sha(seed + ":" + request.id);
  const ticketOf = (stream, entity) => sha(stream + entity);

  async function tickets(stream, ids) {
    const all = [];
    for (let start = 0; start < ids.length; start += 2048) {
      all.push(...await Promise.all(ids.slice(start, start + 2048).map((id) => ticketOf(stream, id))));
    }
    return all;
  }

  // §6
  async function visitsOf(round, requests, selections) {
    const groups = new Map();
    for (const selection of selections) {
      const request = requests.get(selection.request);
      for (const entity of selection.entities) {
        const key = entity + "\t" + request.method;
        if (!groups.has(key)) groups.set(key, { entity, method: request.method, requests: [] });
        groups.get(key).requests.push(request);
      }
    }
    const visits = [];
    for (const group of groups.values()) {
      const sets = group.requests.filter((request) => !request.joint).map((request) => [request]);
      let rest = group.requests.filter((request) => request.joint).sort((a, b) =>
        compareText(a.window[1], b.window[1]) || compareText(a.window[0], b.window[0]) || compareText(a.id, b.id));
      while (rest.length > 0) {
        const day = rest[0].window[1];
        sets.push(rest.filter((request) => request.window[0] <= day));
        rest = rest.filter((request) => request.window[0] > day);
      }
      for (const set of sets) {
        const ids = set.map((request) => request.id).sort(compareText);
        const id = (await sha(round + ":" + group.entity + ":" + group.method + ":" + ids.join(","))).slice(0, 32);
        visits.push({ visit: id, entity: group.entity, method: group.method, requests: ids,
          window: [set.map((r) => r.window[0]).sort().at(-1), set.map((r) => r.window[1]).sort()[0]],
          departments: [...new Set(set.map((request) => request.department))].sort(compareText) });
      }
    }
    return visits.sort((a, b) => compareText(a.visit, b.visit));
  }

  // §7: the specialty of each slot, "" for a general one.
  function slotsOf(visit, department, requests) {
    const own = visit.requests.map((id) => requests.get(id)).filter((request) => request.department === department);
    const specialties = [...new Set(own.flatMap((request) => request.specialties))].sort(compareText);
    const size = Math.max(2, specialties.length, ...own.map((request) => request.team));
    return [...specialties, ...Array(size - specialties.length).fill("")];
  }

  /// Checks a bundle, step by step.
  ///   files: texts by name. published: the commitment as it was published, when it is known.
  ///   say(step, detail): is told what was found right. Throws Different for the first thing that is not.
  /// Returns what one entity's arithmetic needs, and what could not be checked.
  async function check(files, published, say) {
    require(globalThis.crypto && crypto.subtle, "browser", "no WebCrypto here; it needs https or localhost");
    for (const name of ["round.json", "commitment.json", "seed.json", "result.json", "digests.json"]) {
      require(typeof files[name] === "string", name, "is missing");
    }
    const [round, commitment, seedFile, result, digests] =
      ["round.json", "commitment.json", "seed.json", "result.json", "digests.json"].map((name) => parse(name, files[name]));
    const commitmentHash = await sha(canonical(commitment));
    require(commitment.version === "yaohao-draw-v1", "commitment.json: version", String(commitment.version));
    require(commitmentHash === digests.commitment, "commitment", "its hash is not that of digests.json");
    require(!published || published === commitmentHash, "commitment", "is not the one that was published");
    say("commitment", commitmentHash);
    for (const name of ["sequence", "previous", "replaces", "as_of", "seed_policy"]) {
      same(commitment[name], round[name], "commitment.json: " + name);
    }
    require(commitment.round === round.id, "commitment.json: round", "is another one");
    const stripped = commitment.requests.map(({ pool_sizes, sample_sizes, ...request }) => request);
    same(stripped, [...round.requests].sort((a, b) => compareText(a.id, b.id)), "commitment.json: requests");
    say("requests", String(stripped.length));
    for (const request of commitment.requests) {
      const expected = sampleSizes(request.sample, request.pool_sizes);
      same(request.sample_sizes, expected, "commitment.json: sample_sizes of " + request.id);
    }
    say("sizes", "");
    const seed = await checkSeed(seedFile, commitment, commitmentHash);
    require(seed === digests.seed, "seed", "its hash is not that of digests.json");
    say("seed", seed);

    const requests = new Map(commitment.requests.map((request) => [request.id, request]));
    require(result.commitment === commitmentHash, "result.json: commitment", "is another one");
    require(result.seed === seed, "result.json: seed", "is another one");
    same(result.selections.map((selection) => selection.request), [...requests.keys()], "result.json: selections");
    let count = 0;
    for (const selection of result.selections) {
      const request = requests.get(selection.request);
      const wanted = Object.values(request.sample_sizes).reduce((sum, n) => sum + n, 0);
      require(selection.entities.length === wanted, "result.json: selection of " + request.id,
        selection.entities.length + " drawn, " + wanted + " were to be");
      const own = await tickets(await streamOf(seed, request), selection.entities);
      for (let i = 1; i < own.length; i++) {
        require(own[i - 1] < own[i], "result.json: selection of " + request.id, selection.entities[i] + " is out of order");
      }
      count += own.length;
    }
    say("tickets", String(count));

    const visits = await visitsOf(round.id, requests, result.selections);
    same(result.visits.map(({ teams, ...visit }) => visit), visits, "result.json: visits");
    say("visits", String(visits.length));
    let named = true;
    for (const visit of result.visits) {
      same(visit.teams.map((team) => team.department), visit.departments, "result.json: teams of " + visit.visit);
      for (const team of visit.teams) {
        const slots = slotsOf(visit, team.department, requests);
        if (team.inspectors === undefined) named = false;
        else require(team.inspectors.length + team.missing.length === slots.length
          && new Set(team.inspectors).size === team.inspectors.length, "result.json: team of " + visit.visit, team.department);
        const free = [...slots];
        for (const specialty of team.missing) {
          const place = free.indexOf(specialty);
          require(place >= 0, "result.json: team of " + visit.visit, "an empty slot that the visit does not have");
          free.splice(0, place + 1);
        }
      }
    }
    say("teams", "");
    const skipped = [];
    if (named) {
      require(await sha(canonical(result)) === digests.result, "result", "its hash is not that of digests.json");
      say("result", digests.result);
    } else skipped.push("result");

    let rows = null;
    if (files["roster.tsv"] !== undefined && files["secret.json"] !== undefined) {
      const salt = parse("secret.json", files["secret.json"]).salt;
      require(HASH.test(salt), "secret.json: salt", "32 bytes in hexadecimal are expected");
      rows = rosterRows(files["roster.tsv"]);
      same({ lines: rows.length, root: await rosterRoot(rows, salt) }, commitment.roster, "roster.tsv");
      say("roster", commitment.roster.root);
      for (const selection of result.selections) {
        const request = requests.get(selection.request);
        const pool = rows.filter((row) => inPool(row, request.pool));
        const sizes = {};
        for (const row of pool) sizes[row.credit] = (sizes[row.credit] || 0) + 1;
        const expected = "count" in request.sample ? { "*": pool.length } : sizes;
        same(request.pool_sizes, expected, "commitment.json: pool_sizes of " + request.id);
        const own = await tickets(await streamOf(seed, request), pool.map((row) => row.id));
        const order = pool.map((row, index) => ({ id: row.id, ticket: own[index], stratum: "count" in request.sample ? "*" : row.credit }))
          .sort((a, b) => (a.ticket < b.ticket ? -1 : 1));
        const left = { ...request.sample_sizes };
        const winners = order.filter((one) => left[one.stratum]-- > 0).map((one) => one.id);
        same(selection.entities, winners, "result.json: selection of " + request.id);
      }
      say("selection", String(rows.length));
    } else skipped.push("roster");
    skipped.push("matching");
    return { seed, requests, selections: new Map(result.selections.map((s) => [s.request, s.entities])), skipped };
  }

  /// The arithmetic of one entity for one request.
  async function explain(checked, requestId, entity) {
    const request = checked.requests.get(requestId);
    const stream = await streamOf(checked.seed, request);
    const ticket = await ticketOf(stream, entity);
    const drawn = checked.selections.get(requestId);
    const last = drawn.length > 0 ? await ticketOf(stream, drawn.at(-1)) : null;
    const shell = request.coordination === "joint"
      ? "printf %s '" + checked.seed + entity + "' | sha256sum"
      : "printf %s \"$(printf %s '" + checked.seed + ":" + request.id + "' | sha256sum | cut -c1-64)" + entity + "\" | sha256sum";
    return { coordination: request.coordination, stream, ticket, place: drawn.indexOf(entity) + 1, drawn: drawn.length, last, shell };
  }

  return { check, explain, proofRoot, ticketOf, sampleSizes, canonical, compareText, Different };
})();
