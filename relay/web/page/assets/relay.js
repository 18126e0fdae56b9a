// What the page asks of the relay it came from. The requests are those that every
// bargee makes: /d and what lies below.
import { Fault, hex, unhex } from './drop.js';

const patience = 30_000; // without a byte, as everywhere in bargee
const giveUp = 10 * 60_000; // without one answer

// exchange makes one request. It fails with a Fault of the kind unreachable when there
// was no answer, and cancelled when signal said so; progress hears of bytes that went.
function exchange({ method, path, headers = {}, body = null, signal, progress = () => {} }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer;
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), patience);
    };
    const abort = () => request.abort();
    const end = (settle, value) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      settle(value);
    };
    const lost = () => end(reject, signal?.aborted ? cancelled() : new Fault('unreachable', 'the relay does not answer'));
    request.open(method, path);
    request.responseType = 'arraybuffer';
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    const watch = (event) => {
      moved();
      progress(event.loaded);
    };
    if (body !== null) request.upload.onprogress = watch;
    else request.onprogress = watch;
    request.onload = () => end(resolve, { status: request.status, bytes: new Uint8Array(request.response ?? []) });
    request.onerror = lost;
    request.onabort = lost;
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) return lost();
    moved();
    request.send(body);
  });
}

export const cancelled = () => new Fault('cancelled', 'cancelled');

// A Relay makes requests again until they are answered. waiting hears of it when one
// is not, with the Fault, and with null when the next one is.
export class Relay {
  constructor({ access = '', owner = '', claim = '', signal, waiting = () => {} } = {}) {
    Object.assign(this, { access, owner, claim, signal, waiting, late: null });
  }

  async begin(drop) {
    return this.#json('POST', '/d', drop);
  }

  async put(id, digest, sealed, progress) {
    await this.#call('PUT', `/d/${id}/${digest}`, sealed, progress);
  }

  // missing returns which of these digests, in hex, the relay has not.
  async missing(id, digests) {
    const asked = new Uint8Array(32 * digests.length);
    digests.forEach((digest, i) => asked.set(unhex(digest), 32 * i));
    const bytes = await this.#call('POST', `/d/${id}/missing`, asked);
    return Array.from({ length: bytes.length / 32 }, (_, i) => hex(bytes.subarray(32 * i, 32 * i + 32)));
  }

  // state says how a drop is that this owner began: {is: complete, expires}, open or gone.
  async state(id) {
    try {
      return { is: 'complete', expires: (await this.info(id)).expires };
    } catch (fault) {
      if (!isGone(fault)) throw fault;
    }
    try {
      await this.missing(id, []);
      return { is: 'open' };
    } catch (fault) {
      if (!isGone(fault)) throw fault;
      return { is: 'gone' };
    }
  }

  async commit(id, manifest, digests) {
    const list = new Uint8Array(4 + 32 * digests.length);
    new DataView(list.buffer).setUint32(0, manifest);
    digests.forEach((digest, i) => list.set(digest, 4 + 32 * i));
    return parse(await this.#call('POST', `/d/${id}/commit`, list));
  }

  async info(id) {
    return this.#json('GET', `/d/${id}`);
  }

  // list returns the digests of a drop's chunks: those of the manifest and the others.
  async list(id) {
    const bytes = await this.#call('GET', `/d/${id}/list`);
    const count = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const digests = Array.from({ length: Math.floor((bytes.length - 4) / 32) }, (_, i) => bytes.subarray(4 + 32 * i, 36 + 32 * i));
    if ((bytes.length - 4) % 32 !== 0 || count < 1 || count > digests.length) {
      throw new Fault('integrity', 'the relay’s list of chunks is no such list');
    }
    return { manifest: digests.slice(0, count), data: digests.slice(count) };
  }

  async take(id) {
    return this.#json('POST', `/d/${id}/take`, { claim: this.claim });
  }

  async taken(id) {
    return this.#json('POST', `/d/${id}/taken`, { claim: this.claim });
  }

  async chunk(id, digest, progress) {
    return this.#call('GET', `/d/${id}/${hex(digest)}`, null, progress);
  }

  async remove(id) {
    await this.#call('DELETE', `/d/${id}`);
  }

  async #json(method, path, value) {
    const body = value === undefined ? null : new TextEncoder().encode(JSON.stringify(value));
    return parse(await this.#call(method, path, body, undefined, 'application/json'));
  }

  async #call(method, path, body = null, progress = undefined, type = 'application/octet-stream') {
    const headers = {};
    if (body !== null) headers['Content-Type'] = type;
    if (this.access) headers.Authorization = `Bearer ${this.access}`;
    if (this.owner) headers['Bargee-Owner'] = this.owner;
    if (this.claim) headers['Bargee-Claim'] = this.claim;
    for (let pause = 1000; ; pause = Math.min(pause * 2, 8000)) {
      try {
        const answer = await exchange({ method, path, headers, body, signal: this.signal, progress });
        if (answer.status < 300) {
          this.#answered();
          return answer.bytes;
        }
        throw faultOf(answer);
      } catch (fault) {
        if (!passing.has(fault.kind)) throw fault;
        this.#unanswered(fault);
        progress?.(0);
        await sleep(pause, this.signal);
      }
    }
  }

  #answered() {
    if (this.late !== null) this.waiting(null);
    this.late = null;
  }

  #unanswered(fault) {
    this.late ??= Date.now();
    if (Date.now() - this.late > giveUp) throw fault;
    this.waiting(fault);
  }
}

// isGone tells whether the relay has no such drop (any more).
export const isGone = (fault) => fault.status === 404 || fault.status === 410;

// passing are the kinds of what may be over in a moment.
export const passing = new Set(['unreachable', 'timeout', 'busy']);

const kinds = { 401: 'auth', 403: 'auth', 404: 'not-found', 409: 'exists', 408: 'timeout', 410: 'not-found', 413: 'limit', 422: 'integrity', 429: 'busy', 502: 'unreachable', 503: 'busy', 504: 'timeout', 507: 'no-space' };

function faultOf({ status, bytes }) {
  const told = parse(bytes).error ?? {}; // none where it was a proxy that answered
  const fault = new Fault(told.kind ?? kinds[status] ?? 'internal', told.message || `the relay answered ${status}`);
  return Object.assign(fault, { status });
}

function parse(bytes) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(cancelled());
    }, { once: true });
  });
}
