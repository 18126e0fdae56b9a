// Storing: reads the chosen files once, seals what they hold chunk by chunk, and has
// several chunks on their way at once. Runs in the worker.
import * as drop from './drop.js';
import { Relay, cancelled, passing } from './relay.js';
import { Hasher } from './hasher.js';
import { Notebook, begun, chunksOf, ended, held } from './unfinished.js';

const lanes = 5; // a browser opens 6 connections of HTTP/1.1: one is left, as for a reload
const ahead = 2; // chunks that are sealed while all lanes are taken
const large = 64 * 2 ** 30; // bytes: from here on chunks are 4 MiB
const mostAsked = 65536; // digests in one request

// store keeps items ({path, kind, size, modified, file}) at the relay, and returns what
// its owner needs to know of it later. Given upload, one that was interrupted and had the
// same shape, it goes on with that. report hears {bytes, index, at}: of all and of a file.
export async function store(request, report, signal) {
  const waiting = (fault) => report({ waiting: fault?.message ?? '' });
  const relayOf = (owner) => new Relay({ access: request.access, owner, signal, waiting });
  let upload = request.upload ?? fresh(request);
  if (request.upload) {
    const state = await relayOf(upload.owner).state(upload.id);
    if (state.is === 'complete') return { ...upload, expires: state.expires };
    if (state.is === 'gone') {
      await ended(upload.id);
      upload = fresh(request);
    }
  }
  return held(upload.id, () => send(upload, request, relayOf(upload.owner), report, signal));
}

function fresh({ ttl, downloads, shape, label, files, bytes }) {
  const random = () => crypto.getRandomValues(new Uint8Array(32));
  return { key: drop.toText(random()), owner: drop.hex(random()), ttl, downloads, shape, label, files, bytes };
}

async function send(upload, { items, from }, relay, report, signal) {
  const keys = await drop.keysOf(drop.fromText(upload.key));
  const id = drop.hex(keys.id);
  const entries = items.map(describe);
  const bytes = items.reduce((sum, item) => sum + item.size, 0);
  const plan = drop.cut(bytes, bytes >= large ? 4 * drop.chunkSize : drop.chunkSize);
  const head = { chunk: plan.size, chunks: nothing, ...(from && { from }) };
  const list = drop.encodeManifest(head, entries).length; // its digests are not known yet, its length is
  const parts = drop.cut(list);
  const known = upload.id ? await knownChunks(relay, id) : new Map();
  if (!upload.id) {
    await relay.begin({
      id,
      bytes: plan.sealed + parts.sealed,
      chunks: plan.count + parts.count,
      ttl_s: upload.ttl,
      downloads: upload.downloads,
      owner: drop.hex(await drop.digest(drop.unhex(upload.owner))),
    });
    await begun({ ...upload, id });
  }
  const notebook = new Notebook(id);
  const hasher = new Hasher();
  try {
    const uploads = new Uploads(relay, id, keys, known, notebook);
    const source = new Source(items, entries, hasher, signal);
    const tally = new Tally(items, report);
    for (let i = 0; i < plan.count; i++) {
      await uploads.free();
      const plain = await source.read(plan.length(i));
      uploads.add(drop.kind.data, i, i === plan.count - 1, plain, (sent) => tally.moved(i * plan.size, plain.length, sent));
    }
    const data = await uploads.all();
    await source.end();

    head.chunks = drop.hex(await drop.digest(join(data)));
    const manifest = drop.encodeManifest(head, entries);
    for (let i = 0; i < parts.count; i++) {
      await uploads.free();
      uploads.add(drop.kind.manifest, i, i === parts.count - 1, manifest.subarray(i * parts.size, i * parts.size + parts.length(i)));
    }
    const first = await uploads.all();
    const { expires } = await relay.commit(id, first.length, [...first, ...data]);
    await notebook.close();
    return { ...upload, id, expires };
  } catch (fault) {
    await notebook.close();
    if (!passing.has(fault.kind)) await forget(id, upload.owner);
    else fault.hint = 'What was sent is kept: send it again, and it goes on.';
    throw fault;
  } finally {
    hasher.close();
  }
}

// knownChunks are those of an interrupted upload that the relay has.
async function knownChunks(relay, id) {
  const known = await chunksOf(id);
  const all = [...known.values()].map(({ sealed }) => sealed);
  const missing = new Set();
  for (let i = 0; i < all.length; i += mostAsked) {
    for (const digest of await relay.missing(id, all.slice(i, i + mostAsked))) missing.add(digest);
  }
  for (const [index, { sealed }] of known) if (missing.has(sealed)) known.delete(index);
  return known;
}

const nothing = '0'.repeat(64);

function describe(item) {
  const entry = { path: item.path, kind: item.kind };
  if (item.kind === 'file') Object.assign(entry, { size: item.size, sha256: nothing });
  if (item.modified) entry.modified = new Date(item.modified).toISOString();
  return entry;
}

// forget removes what is there of a drop that will not be. Nobody waits for it: the
// relay removes what is never committed, too.
async function forget(id, owner) {
  await ended(id);
  await new Relay({ owner, signal: AbortSignal.timeout(3000) }).remove(id).catch(() => {});
}

// A Source reads the files one after the other, as the one stream that a drop is, and
// puts their digests into the entries.
class Source {
  #item = 0;
  #at = 0;
  #digests = [];

  constructor(items, entries, hasher, signal) {
    Object.assign(this, { items, entries, hasher, signal });
  }

  // read returns the next bytes of the stream; behind the last file there are zeros.
  async read(length) {
    const out = new Uint8Array(length);
    for (let filled = 0; filled < length && this.#next(); ) {
      const item = this.items[this.#item];
      const piece = await this.#slice(item, Math.min(length - filled, item.size - this.#at));
      out.set(piece, filled);
      filled += piece.length;
      this.#at += piece.length;
      await this.hasher.update(piece);
    }
    return out;
  }

  // end waits for the digests of all of them.
  async end() {
    this.#next();
    await Promise.all(this.#digests);
  }

  // #next ends what was read to its end, and tells whether there is more.
  #next() {
    while (this.#item < this.items.length) {
      const item = this.items[this.#item];
      if (item.kind === 'file') {
        if (this.#at < item.size) return true;
        const entry = this.entries[this.#item];
        this.#digests.push(this.hasher.digest().then((digest) => (entry.sha256 = digest)));
      }
      this.#item++;
      this.#at = 0;
    }
    return false;
  }

  async #slice(item, length) {
    if (this.signal.aborted) throw cancelled();
    try {
      const piece = new Uint8Array(await item.file.slice(this.#at, this.#at + length).arrayBuffer());
      if (piece.length === length) return piece;
    } catch {
      // told below: the browser does not say more than that it cannot be read
    }
    throw new drop.Fault('changed', `${item.path} was changed or cannot be read any more`, 'Choose it again. Nothing was kept of this drop.');
  }
}

// Uploads has chunks sealed and on their way, several at once. What is known to be there
// is not sent again.
class Uploads {
  #running = new Set();
  #sending = 0;
  #queue = []; // of those that are sealed and wait for a lane
  #digests = [];
  #failed = null;

  constructor(relay, id, keys, known, notebook) {
    Object.assign(this, { relay, id, keys, known, notebook });
  }

  // free waits until one more may be added.
  async free() {
    while (this.#running.size >= lanes + ahead) await Promise.race(this.#running);
    if (this.#failed) throw this.#failed;
  }

  add(what, index, final, plain, progress = () => {}) {
    const one = (what === drop.kind.data ? this.#data(index, final, plain, progress) : this.#send(what, index, final, plain, progress))
      .then((digest) => (this.#digests[index] = drop.unhex(digest)))
      .catch((fault) => (this.#failed ??= fault))
      .finally(() => this.#running.delete(one));
    this.#running.add(one);
  }

  // all waits for them, and returns their digests.
  async all() {
    await Promise.all(this.#running);
    if (this.#failed) throw this.#failed;
    return this.#digests.splice(0);
  }

  async #data(index, final, plain, progress) {
    const was = this.known.get(index);
    const now = drop.hex(await drop.digest(plain));
    if (was?.plain === now) {
      progress(plain.length);
      return was.sealed;
    }
    const sealed = await this.#send(drop.kind.data, index, final, plain, progress);
    this.notebook.add(index, now, sealed);
    return sealed;
  }

  async #send(what, index, final, plain, progress) {
    const sealed = await drop.seal(this.keys, what, index, final, plain);
    const digest = drop.hex(await drop.digest(sealed));
    await this.#lane();
    try {
      if (!this.#failed) await this.relay.put(this.id, digest, sealed, (sent) => progress(Math.min(sent, plain.length)));
    } finally {
      this.#sending--;
      this.#queue.shift()?.();
    }
    progress(plain.length);
    return digest;
  }

  async #lane() {
    while (this.#sending >= lanes) await new Promise((resolve) => this.#queue.push(resolve));
    this.#sending++;
  }
}

// A Tally says how much of each file the relay has.
class Tally {
  #sent = new Map(); // by where the chunk begins
  #bytes = 0;

  constructor(items, report) {
    this.report = report;
    this.files = [];
    let offset = 0;
    items.forEach((item, index) => {
      if (item.kind === 'file') this.files.push({ index, offset, size: item.size, bytes: 0 });
      offset += item.size;
    });
  }

  // moved hears that so much of the chunk at start is on its way or there.
  moved(start, length, now) {
    const before = this.#sent.get(start) ?? 0;
    this.#sent.set(start, now);
    for (let i = this.#first(start); i < this.files.length && this.files[i].offset < start + length; i++) {
      const file = this.files[i];
      const of = (sent) => Math.max(0, Math.min(start + sent, file.offset + file.size) - Math.max(start, file.offset));
      const more = of(now) - of(before);
      file.bytes += more;
      this.#bytes += more;
      this.report({ bytes: this.#bytes, index: file.index, at: file.bytes });
    }
  }

  // #first is the first file that ends behind start.
  #first(start) {
    let low = 0;
    for (let high = this.files.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.files[middle].offset + this.files[middle].size < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function join(digests) {
  const out = new Uint8Array(32 * digests.length);
  digests.forEach((digest, i) => out.set(digest, 32 * i));
  return out;
}
