// The format of drops, version 1: what package internal/drop of bargee does, by
// WebCrypto. Everything here works on bytes and knows no network and no page; the
// tests hold it to the same vectors as the Go code.
//
// A drop is one stream of bytes, the data of all files in the manifest's order and
// then zeros up to the padded size, cut into chunks, each sealed by AES-256-GCM:
//
//   nonce (12, random) || ciphertext and tag      associated data: see label()
//
// A chunk is known by the SHA-256 of all that. The manifest says what files there
// are, and is sealed likewise with a key of its own.

export const version = 1;
export const chunkSize = 1 << 20; // of what we seal, and of every manifest
export const overhead = 12 + 16; // nonce and tag
export const kind = { data: 1, manifest: 2 };

const least = 1 << 16;
const most = 1 << 22;
const mostEntries = 1_000_000;
const mostLine = 1 << 16;
const mostPath = 1 << 14;
const mostName = 1024;
const utf8 = new TextEncoder();

// A Fault is something a person can be told: its kind is one of bargee's kinds of
// errors (integrity, version, not-found, limit, auth, busy, ...).
export class Fault extends Error {
  constructor(kind, message, hint = '') {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }
}

// Keys are what is derived from a drop's content key of 32 bytes.
export async function keysOf(contentKey) {
  const root = await crypto.subtle.importKey('raw', contentKey, 'HKDF', false, ['deriveBits']);
  const derive = (info, bytes) =>
    crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: utf8.encode(info) }, root, bytes * 8);
  const sealing = async (info) =>
    crypto.subtle.importKey('raw', await derive(info, 32), 'AES-GCM', false, ['encrypt', 'decrypt']);
  return {
    id: new Uint8Array(await derive('bargee drop id v1', 16)),
    [kind.data]: await sealing('bargee drop chunk v1'),
    [kind.manifest]: await sealing('bargee drop manifest v1'),
  };
}

// label is the associated data of a chunk: which drop, which kind, which place, and
// whether it is the last of its kind. A chunk opens nowhere else.
export function label(id, what, index, final) {
  const prefix = utf8.encode('bargee drop v1\0');
  const out = new Uint8Array(prefix.length + id.length + 1 + 8 + 1);
  out.set(prefix);
  out.set(id, prefix.length);
  const view = new DataView(out.buffer, prefix.length + id.length);
  view.setUint8(0, what);
  view.setBigUint64(1, BigInt(index));
  view.setUint8(9, final ? 1 : 0);
  return out;
}

// seal returns the sealed chunk. The nonce is given by tests only: one that was used
// twice with a key would give both chunks away.
export async function seal(keys, what, index, final, plain, nonce = crypto.getRandomValues(new Uint8Array(12))) {
  const additionalData = label(keys.id, what, index, final);
  const body = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData }, keys[what], plain);
  const out = new Uint8Array(nonce.length + body.byteLength);
  out.set(nonce);
  out.set(new Uint8Array(body), nonce.length);
  return out;
}

// open returns what seal was given, or fails with the kind integrity.
export async function open(keys, what, index, final, sealed) {
  const name = what === kind.manifest ? 'the list of files' : `chunk ${index + 1}`;
  if (sealed.length < overhead) throw new Fault('integrity', `${name} is too short to be one`);
  const additionalData = label(keys.id, what, index, final);
  try {
    const iv = sealed.subarray(0, 12);
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, keys[what], sealed.subarray(12)));
  } catch {
    throw new Fault('integrity', `${name} does not open: it was changed, or belongs elsewhere`);
  }
}

export async function digest(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

// padded is Padmé (Nikitin and others, 2019) of n: it keeps the first log2(log2 n) bits
// of a size, so that sizes tell little, and costs at most 12 %; never less than 4 KiB.
export function padded(size) {
  if (size === 0) return 0;
  const n = Math.max(size, 4096);
  const exponent = bits(n) - 1;
  const step = 2 ** (exponent - bits(exponent));
  return Math.ceil(n / step) * step;
}

// bits is how many bits a whole number below 2^53 takes.
function bits(n) {
  const high = Math.floor(n / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(n >>> 0);
}

// cut says how a content of so many bytes is chunked: its padded size, how many chunks
// there are, and how large the i-th is.
export function cut(bytes, size = chunkSize) {
  const total = padded(bytes);
  const count = Math.ceil(total / size);
  return {
    total,
    count,
    size,
    length: (i) => Math.min(size, total - i * size),
    sealed: total + count * overhead,
  };
}

// A manifest: the head says what there is, entries are files, dirs and links.
// encodeManifest returns its bytes, padded with blanks. Its length does not depend on
// the digests, so that it is known before the first byte is sealed.
export function encodeManifest(head, entries) {
  const count = (what) => entries.filter((e) => e.kind === what).length;
  const bytes = entries.reduce((sum, e) => sum + (e.kind === 'file' ? e.size : 0), 0);
  const first = { version, files: count('file'), dirs: count('dir'), links: count('link'), bytes, ...head };
  const text = utf8.encode([first, ...entries].map((line) => JSON.stringify(line) + '\n').join(''));
  const out = new Uint8Array(padded(text.length)).fill(0x20);
  out.set(text);
  return out;
}

// decodeManifest reads what a sender wrote, who may be anybody: what it returns is
// within limits and adds up, or it fails with a Fault.
export function decodeManifest(bytes) {
  const lines = decodeLines(bytes);
  const head = lines.next().value;
  if (!head || !whole(head.version)) throw new Fault('invalid', 'the list of files has no first line');
  if (head.version > version) {
    throw new Fault('version', `this drop has version ${head.version} of the format, this page knows ${version}`, 'Receive it with a newer bargee.');
  }
  const size = head.chunk;
  if (!whole(size) || size < least || size > most || (size & (size - 1)) !== 0) throw new Fault('invalid', 'the list of files names no possible size of chunks');
  if (!/^[0-9a-f]{64}$/.test(head.chunks ?? '')) throw new Fault('invalid', 'the list of files has no digest of the chunks');
  const entries = [];
  let offset = 0;
  for (const line of lines) {
    if (entries.length === mostEntries) throw new Fault('limit', `the list has more than ${mostEntries} entries`);
    if (line?.signature) continue; // it says who sent it to a known peer, whom a browser does not know
    const entry = decodeEntry(line);
    entry.offset = offset;
    offset += entry.size;
    entries.push(entry);
  }
  const says = (what) => head[what + 's'] ?? 0;
  const adds = ['file', 'dir', 'link'].every((what) => says(what) === entries.filter((e) => e.kind === what).length);
  if (!adds || !Number.isSafeInteger(offset) || offset !== head.bytes) throw new Fault('invalid', 'the list of files does not add up');
  refuseTwice(entries);
  return { head, entries, bytes: offset, from: typeof head.from === 'string' ? head.from : '' };
}

function* decodeLines(bytes) {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let start = 0; start < bytes.length; ) {
    let end = bytes.indexOf(10, start);
    if (end < 0) end = bytes.length;
    if (end - start > mostLine) throw new Fault('limit', 'a line of the list of files is too long');
    let text;
    try {
      text = decoder.decode(bytes.subarray(start, end)).trim();
      if (text !== '') yield JSON.parse(text);
    } catch (err) {
      if (err instanceof Fault) throw err;
      throw new Fault('invalid', 'the list of files cannot be read');
    }
    start = end + 1;
  }
}

function decodeEntry(line) {
  if (line === null || typeof line !== 'object') throw new Fault('invalid', 'the list of files has a line that is no entry');
  const path = line.path_base64 ? decodeName(line.path_base64) : String(line.path ?? '');
  if (!possible(path)) throw new Fault('name', `a file's name is refused: ${JSON.stringify(path).slice(0, 80)}`);
  if (!['file', 'dir', 'link'].includes(line.kind)) throw new Fault('invalid', `an entry is of the unknown kind ${JSON.stringify(line.kind)}`);
  const size = line.kind === 'file' ? (line.size ?? 0) : 0;
  if (!whole(size)) throw new Fault('invalid', `${path}: its size is none`);
  const sha256 = line.sha256 ?? '';
  if (sha256 !== '' && !/^[0-9a-f]{64}$/.test(sha256)) throw new Fault('invalid', `${path}: its digest is none`);
  return { path, kind: line.kind, size, sha256, modified: new Date(line.modified ?? NaN), mode: parseInt(line.mode ?? '0', 8) & 0o777 };
}

// decodeName reads a name that may be no text: then its bytes beyond ASCII are written
// as %FF, since a browser can save no other name.
function decodeName(base64) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  } catch {
    return '';
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (b) => (b < 0x80 ? String.fromCharCode(b) : `%${hex([b]).toUpperCase()}`)).join('');
  }
}

// possible tells whether a path stays below where it is put.
export function possible(path) {
  return path.length > 0 && path.length <= mostPath && !path.includes('\0') &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= mostName);
}

function refuseTwice(entries) {
  const seen = new Set();
  for (const e of entries) {
    if (seen.has(e.path)) throw new Fault('name', `two entries have the name ${e.path}`);
    seen.add(e.path);
  }
}

function whole(n) {
  return Number.isSafeInteger(n) && n >= 0;
}

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));

// toText and fromText are the key as it stands in a link: 43 letters of base64url.
export const toText = (key) => btoa(String.fromCharCode(...key)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

export function fromText(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new Fault('invalid', 'This link is damaged: its key has letters that no key has.', ask);
  if (text.length !== 43) throw new Fault('invalid', `This link is not whole: its key has 43 letters, here are ${text.length}.`, ask);
  const key = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  if (toText(key) !== text) throw new Fault('invalid', 'This link is damaged: its key does not end as a key does.', ask);
  return key;
}

const ask = 'Ask for the link again, and copy all of it, to the end of what follows the #.';
