// Where files go, in the worker: into a directory that somebody chose, to the service
// worker that makes a download of them, or into memory.
import { Fault, hex } from './drop.js';
import { cancelled } from './relay.js';
import { SHA256 } from './sha256.js';

const aside = 8 * 2 ** 20; // bytes

// A Folder writes files below a directory. The browser puts a file there when it is
// closed, which is when all of it was verified; what is there already is kept: a file
// with the same content is unchanged, any other gets a neighbour with a number.
export class Folder {
  #place = null; // {dir, name} of the file that is being written
  #out = null;

  constructor(root) {
    this.root = root;
  }

  async begin(entry) {
    const parts = entry.path.split('/');
    if (entry.kind === 'dir') {
      await this.#descend(parts);
      return true;
    }
    const dir = await this.#descend(parts.slice(0, -1));
    const name = await this.#free(dir, parts.at(-1), entry);
    if (name === null) return false;
    this.#place = { dir, name };
    this.#out = await (await dir.getFileHandle(name, { create: true })).createWritable();
    return true;
  }

  async write(bytes) {
    await this.#out.write(bytes);
  }

  async end(entry) {
    if (entry.kind !== 'file') return;
    await this.#out.close();
    this.#out = this.#place = null;
  }

  async close() {}

  // abort takes away what is not whole.
  async abort() {
    if (this.#place === null) return;
    await this.#out?.abort().catch(() => {});
    await this.#place.dir.removeEntry(this.#place.name).catch(() => {});
  }

  async #descend(parts) {
    let dir = this.root;
    for (const part of parts) dir = await dir.getDirectoryHandle(part, { create: true });
    return dir;
  }

  // #free returns a name that nothing has, or null when the file is there.
  async #free(dir, name, entry) {
    const dot = name.lastIndexOf('.');
    const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
    for (let n = 0; ; n++) {
      const candidate = n === 0 ? name : `${stem} (${n})${end}`;
      const handle = await dir.getFileHandle(candidate).catch((err) => (err.name === 'NotFoundError' ? null : err));
      if (handle === null) return candidate;
      if (handle.kind !== 'file' && handle.name !== 'TypeMismatchError') throw handle;
      if (handle.kind === 'file' && (await same(await handle.getFile(), entry))) return null;
    }
  }
}

async function same(file, entry) {
  if (file.size !== entry.size || entry.sha256 === '') return false;
  const hash = new SHA256();
  for (let at = 0; at < file.size; at += 1 << 20) hash.update(new Uint8Array(await file.slice(at, at + (1 << 20)).arrayBuffer()));
  return hex(hash.digest()) === entry.sha256;
}

// A Download gives bytes to the service worker, as fast as the browser takes them.
export class Download {
  #room = 0;
  #wake = () => {};
  #gone = false;

  constructor(port) {
    this.port = port;
    port.onmessage = ({ data }) => {
      if (data === 'gone') this.#gone = true;
      else this.#room++;
      this.#wake();
    };
  }

  async write(bytes) {
    while (this.#room === 0 && !this.#gone) await new Promise((resolve) => (this.#wake = resolve));
    if (this.#gone) throw cancelled();
    this.#room--;
    const copy = bytes.slice();
    this.port.postMessage({ bytes: copy }, [copy.buffer]);
  }

  async close() {
    this.port.postMessage({ end: true });
  }

  async abort() {
    this.#gone = true;
    this.#wake();
    this.port.postMessage({ abort: true });
  }
}

// Memory keeps everything until it is whole: nothing is saved that was not verified.
// What came is put aside in blobs, which a browser may keep on its disk.
export class Memory {
  #parts = [];
  #bytes = 0; // of parts
  #blobs = [];

  async write(bytes) {
    this.#parts.push(bytes.slice());
    this.#bytes += bytes.length;
    if (this.#bytes >= aside) this.#put();
  }

  #put() {
    this.#blobs.push(new Blob(this.#parts));
    this.#parts = [];
    this.#bytes = 0;
  }

  async close() {
    this.#put();
    this.blob = new Blob(this.#blobs, { type: 'application/octet-stream' });
    this.#blobs = [];
  }

  async abort() {
    this.#parts = [];
    this.#blobs = [];
  }
}

// One makes a sink of files from one of bytes, for a single file.
export class One {
  constructor(out) {
    this.out = out;
  }

  async begin() {
    return true;
  }

  async write(bytes) {
    await this.out.write(bytes);
  }

  async end() {}

  async close() {
    await this.out.close();
  }
}

// explain makes a Fault of what the browser said about a directory.
export function explain(err) {
  if (err instanceof Fault) return err;
  switch (err?.name) {
    case 'QuotaExceededError':
      return new Fault('no-space', 'there is no more room on this disk');
    case 'NotAllowedError':
      return new Fault('permission', 'the browser may not write there');
    case 'TypeError':
      return new Fault('name', 'a file has a name that this system does not take', 'Save as ZIP instead.');
    case 'TypeMismatchError':
      return new Fault('exists', 'a file and a folder have one name', 'Save to another folder.');
    default:
      return new Fault('internal', String(err?.message ?? err));
  }
}
