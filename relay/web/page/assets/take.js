// Taking: looks into a drop, and has the bytes of its files fetched, opened and
// verified in order, several chunks ahead. Runs in the worker.
import * as drop from './drop.js';
import { Relay } from './relay.js';
import { Hasher } from './hasher.js';

const ahead = 6;

// enter opens the list of files, which counts as no download.
export async function enter({ key }, report, signal) {
  const keys = await drop.keysOf(drop.fromText(key));
  const id = drop.hex(keys.id);
  const relay = new Relay({ signal, waiting: (fault) => report({ waiting: fault?.message ?? '' }) });
  try {
    const info = await relay.info(id);
    const { manifest, data } = await relay.list(id);
    const pieces = await Promise.all(manifest.map(async (digest, i) => {
      const sealed = await fetchSealed(relay, id, digest, 'the list of files');
      return drop.open(keys, drop.kind.manifest, i, i === manifest.length - 1, sealed);
    }));
    const content = drop.decodeManifest(new Uint8Array(await new Blob(pieces).arrayBuffer()));
    const plan = drop.cut(content.bytes, content.head.chunk);
    const digest = drop.hex(await drop.digest(await new Blob(data).arrayBuffer()));
    if (plan.count !== data.length || digest !== content.head.chunks) throw new drop.Fault('integrity', 'the relay’s list of chunks is not the one that was stored');
    return { keys, id, data, plan, left: info.downloads_left, expires: info.expires, ...content };
  } catch (fault) {
    throw missing(fault);
  }
}

function missing(fault) {
  const ask = 'Ask whoever sent you the link.';
  if (fault.status === 404) return new drop.Fault('not-found', 'This drop is not here (any more).', `It expired, was taken as often as it may be, or was removed. ${ask}`);
  if (fault.status === 410) return new drop.Fault('not-found', fault.message, ask);
  return fault;
}

async function fetchSealed(relay, id, digest, name, progress) {
  const sealed = await relay.chunk(id, digest, progress);
  if (drop.hex(await drop.digest(sealed)) !== drop.hex(digest)) throw new drop.Fault('integrity', `${name} is not what was stored: it was changed on the relay or on the way`);
  return sealed;
}

// save gives the files with these indices to a sink, which has begin(entry), false for
// what it need not have, write(bytes), end() for what is verified, and close(). Of a drop
// of limited downloads it takes one, by claim. report hears {bytes, index, at} and {index,
// result}.
export async function save(content, { indices, claim }, sink, report, signal) {
  const relay = new Relay({ claim, signal, waiting: (fault) => report({ waiting: fault?.message ?? '' }) });
  if (claim) await relay.take(content.id).catch((fault) => Promise.reject(missing(fault)));
  const files = indices.map((index) => ({ index, ...content.entries[index] }));
  const chunks = new Chunks(content, relay, files);
  const hasher = new Hasher();
  try {
    let bytes = 0;
    for (const file of files) {
      const moved = (n) => report({ bytes: bytes + n, index: file.index, at: n });
      const wanted = await sink.begin(file);
      if (wanted && file.kind === 'file') await copy(chunks, file, sink, hasher, moved);
      if (wanted) await sink.end(file);
      bytes += file.size;
      moved(file.size);
      report({ index: file.index, result: wanted ? 'saved' : 'unchanged' });
    }
    await sink.close();
  } finally {
    hasher.close();
  }
}

async function copy(chunks, file, sink, hasher, moved) {
  for (let at = 0; at < file.size; ) {
    const piece = await chunks.at(file.offset + at, file.size - at);
    if (file.sha256) await hasher.update(piece.slice());
    at += piece.length;
    await sink.write(piece);
    moved(at);
  }
  if (file.sha256 && (await hasher.digest()) !== file.sha256) throw new drop.Fault('integrity', `${file.path} is not the file that was stored`);
}

// finished tells the relay of a limited drop that it need not keep it for us.
export async function finished(content, { claim }, signal) {
  if (claim) await new Relay({ claim, signal }).taken(content.id);
}

// Chunks are what some files need of a drop, each fetched once, in order.
class Chunks {
  #queue; // of indices
  #asked = 0; // so many of them
  #coming = new Map();
  #last = -1;

  constructor(content, relay, files) {
    Object.assign(this, { content, relay });
    this.#queue = needed(files, content.plan.size);
  }

  // at returns bytes of the stream from offset on, at least one and at most so many.
  async at(offset, length) {
    const { size } = this.content.plan;
    const index = Math.floor(offset / size);
    if (index !== this.#last) this.#coming.delete(this.#last);
    this.#last = index;
    this.#ask(index);
    const plain = await this.#coming.get(index);
    const from = offset - index * size;
    return plain.subarray(from, Math.min(plain.length, from + length));
  }

  #ask(index) {
    while (this.#asked < this.#queue.length && (this.#coming.size < ahead || !this.#coming.has(index))) {
      const next = this.#queue[this.#asked++];
      if (next < index) continue; // of a file that was not wanted
      const one = this.#fetch(next);
      one.catch(() => {}); // it is told when it is its turn
      this.#coming.set(next, one);
    }
    for (const old of this.#coming.keys()) if (old < index) this.#coming.delete(old);
  }

  async #fetch(index) {
    const { id, keys, data, plan } = this.content;
    const sealed = await fetchSealed(this.relay, id, data[index], `chunk ${index + 1} of ${plan.count}`);
    const plain = await drop.open(keys, drop.kind.data, index, index === plan.count - 1, sealed);
    if (plain.length !== plan.length(index)) throw new drop.Fault('integrity', `chunk ${index + 1} has not the length it must have`);
    return plain;
  }
}

function needed(files, size) {
  const out = [];
  for (const file of files) {
    if (file.size === 0) continue;
    for (let i = Math.floor(file.offset / size); i * size < file.offset + file.size; i++) if (i !== out.at(-1)) out.push(i);
  }
  return out;
}
