// The end of the hashing worker that is in the worker: files go through it one after
// the other, and who reads them is never further ahead of it than so many bytes.
import { Fault, hex } from './drop.js';
import { scripts } from './trusted.js';

const most = 16 * 2 ** 20;

export class Hasher {
  #worker = new Worker(scripts.createScriptURL('/page/hash.js'), { type: 'module' });
  #queued = 0;
  #room = () => {};
  #asked = []; // {resolve, reject} of the files whose digest is awaited
  #failed = null;

  constructor() {
    this.#worker.onmessage = ({ data }) => {
      if (typeof data !== 'number') return this.#asked.shift().resolve(hex(data));
      this.#queued -= data;
      this.#room();
    };
    this.#worker.onerror = () => {
      this.#failed = new Fault('internal', 'the page’s second worker did not start', 'Reload the page; an old browser cannot run it.');
      for (const { reject } of this.#asked.splice(0)) reject(this.#failed);
      this.#room();
    };
  }

  // update takes the bytes' buffer away from who gives them.
  async update(bytes) {
    while (this.#queued >= most && !this.#failed) await new Promise((resolve) => (this.#room = resolve));
    if (this.#failed) throw this.#failed;
    this.#queued += bytes.length;
    this.#worker.postMessage(bytes, [bytes.buffer]);
  }

  // digest ends a file, and is its digest in hex, as soon as it is made.
  digest() {
    if (this.#failed) return Promise.reject(this.#failed);
    const made = new Promise((resolve, reject) => this.#asked.push({ resolve, reject }));
    made.catch(() => {}); // who waits for it is told
    this.#worker.postMessage(null);
    return made;
  }

  close() {
    this.#worker.terminate();
  }
}
