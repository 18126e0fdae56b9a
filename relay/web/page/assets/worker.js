// The worker of the page: everything that takes time is done here, so that the page
// answers at once. It gets one request at a time ({do: ...}), and says {is: ...}.
import { store } from './store.js';
import { enter, save, finished } from './take.js';
import { Folder, Download, Memory, One, explain } from './sinks.js';
import { Zip } from './zip.js';

const often = 100; // ms between reports

let control = new AbortController();
let content = null; // the drop that was entered

const requests = {
  store: (request, report) => store(request, report, control.signal),
  async enter(request, report) {
    content = await enter(request, report, control.signal);
    const { id, entries, bytes, from, left, expires } = content;
    return { id, entries, bytes, from, left, expires };
  },
  async save(request, report) {
    const { folder, port, zip } = request;
    const out = folder ? new Folder(folder) : port ? new Download(port) : new Memory();
    const sink = folder ? out : zip ? new Zip(out) : new One(out);
    control.signal.addEventListener('abort', () => out.abort());
    try {
      await save(content, request, sink, report, control.signal);
    } catch (err) {
      await out.abort();
      throw err;
    }
    return { blob: out.blob };
  },
  finished: (request) => finished(content, request, control.signal),
};

self.onmessage = async ({ data: request }) => {
  if (request.do === 'cancel') return control.abort();
  control = new AbortController();
  const reports = new Reports();
  try {
    const result = await requests[request.do](request, reports.add);
    reports.flush();
    self.postMessage({ is: 'done', result });
  } catch (err) {
    reports.flush();
    const { kind, message, hint } = explain(err);
    self.postMessage({ is: 'fault', kind: control.signal.aborted ? 'cancelled' : kind, message, hint });
    control.abort(); // what else of it is under way
  }
};

// Reports gathers what is reported, and tells the page so often, and no more often.
class Reports {
  #files = new Map();
  #all = {};
  #timer = 0;

  add = ({ index, at, result, ...rest }) => {
    if (index !== undefined) this.#files.set(index, { ...this.#files.get(index), ...(at !== undefined && { at }), ...(result && { result }) });
    Object.assign(this.#all, rest);
    this.#timer ||= setTimeout(() => this.flush(), often);
  };

  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    self.postMessage({ is: 'progress', ...this.#all, files: [...this.#files] });
    this.#files.clear();
  }
}
