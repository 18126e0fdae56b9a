// What it takes to go on with an upload that a reload, a crash or a dead line ended:
// its key, its owner's secret, and of each chunk that the relay has the digest of what
// was read and the digest of what was sent. It lies in this browser's database, as
// long as the upload is under way; where there is none, an upload begins anew.
//
// Nothing is sealed twice: a chunk that reads as it did then is named again by the
// digest it had, any other is sealed with a nonce of its own and sent.

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('bargee', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('uploads', { keyPath: 'id' });
      request.result.createObjectStore('chunks', { keyPath: ['id', 'index'] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

// within runs one transaction, and returns what its last request did; undefined where
// the browser keeps nothing, as some do in private windows.
async function within(mode, doing) {
  try {
    const transaction = (await database()).transaction(['uploads', 'chunks'], mode);
    const request = doing(transaction.objectStore('uploads'), transaction.objectStore('chunks'));
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } catch {
    return undefined;
  }
}

const of = (id) => IDBKeyRange.bound([id], [id, []]);

// begun keeps an upload: {id, key, owner, shape, ttl, downloads, label, files, bytes}.
export const begun = (upload) => within('readwrite', (uploads) => uploads.put({ ...upload, since: Date.now() }));

export const ended = (id) => within('readwrite', (uploads, chunks) => {
  uploads.delete(id);
  chunks.delete(of(id));
});

// chunksOf is what is known of its chunks, by index: {plain, sealed}, digests in hex.
export async function chunksOf(id) {
  const all = (await within('readonly', (_, chunks) => chunks.getAll(of(id)))) ?? [];
  return new Map(all.map(({ index, plain, sealed }) => [index, { plain, sealed }]));
}

export const sizeKept = async (id) => (await within('readonly', (_, chunks) => chunks.count(of(id)))) ?? 0;

const lockOf = (id) => `upload ${id}`;

// held does something while no other tab takes the upload for an interrupted one.
export function held(id, doing) {
  return navigator.locks ? navigator.locks.request(lockOf(id), doing) : doing();
}

// interrupted lists the uploads that no tab is at. later is called when one that a tab
// is at now is given up, which may be the page before a reload.
export async function interrupted(later) {
  const all = (await within('readonly', (uploads) => uploads.getAll())) ?? [];
  const locks = (await navigator.locks?.query())?.held ?? [];
  const names = new Set(locks.map(({ name }) => name));
  return all.filter(({ id }) => {
    const busy = names.has(lockOf(id));
    if (busy) navigator.locks.request(lockOf(id), () => {}).then(later);
    return !busy;
  });
}

// shapeOf is a digest of which files there are, and how large: what must be the same
// for an upload to go on. What is in them is compared chunk by chunk.
export async function shapeOf(items) {
  const text = JSON.stringify(items.map(({ path, kind, size }) => [path, kind, size]));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');
}

// A Notebook keeps the chunks of an upload as they come, so often and no more often.
export class Notebook {
  #new = [];
  #timer = 0;
  #closed = false;

  constructor(id) {
    this.id = id;
  }

  add(index, plain, sealed) {
    if (this.#closed) return;
    this.#new.push({ id: this.id, index, plain, sealed });
    this.#timer ||= setTimeout(() => this.#flush(), 500);
  }

  // close ends it: what comes later is not kept.
  async close() {
    this.#closed = true;
    await this.#flush();
  }

  async #flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const added = this.#new.splice(0);
    if (added.length > 0) await within('readwrite', (_, chunks) => added.forEach((one) => chunks.put(one)));
  }
}
