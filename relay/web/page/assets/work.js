// The page's end of the worker: one piece of work at a time, which can be cancelled.
import { Fault } from './drop.js';
import { scripts } from './trusted.js';

let worker;
let running = null; // {resolve, reject, report}

// work has the worker do something, and returns its result. report hears of progress.
export function work(request, report = () => {}, transfer = []) {
  if (running) return Promise.reject(new Fault('busy', 'something else is under way'));
  worker ??= start();
  return new Promise((resolve, reject) => {
    running = { resolve, reject, report };
    worker.postMessage(request, transfer);
  }).finally(() => (running = null));
}

export const cancel = () => worker?.postMessage({ do: 'cancel' });

export const busy = () => running !== null;

function start() {
  const made = new Worker(scripts.createScriptURL('/page/worker.js'), { type: 'module' });
  made.onmessage = ({ data }) => {
    if (data.is === 'progress') running?.report(data);
    else if (data.is === 'done') running?.resolve(data.result);
    else running?.reject(new Fault(data.kind, data.message, data.hint));
  };
  made.onerror = () => running?.reject(new Fault('internal', 'the page’s worker did not start', 'Reload the page; an old browser cannot run it.'));
  return made;
}

// awake keeps a phone's screen on while work is under way.
export async function awake(doing) {
  const lock = await navigator.wakeLock?.request('screen').catch(() => null);
  try {
    return await doing();
  } finally {
    await lock?.release();
  }
}

// saver has the browser save what the worker decrypts, as a download named name. It
// returns the port for the worker, and what keeps the service worker awake until stop.
export async function saver(name, size) {
  await navigator.serviceWorker.register(scripts.createScriptURL('/page/sw.js'), { scope: '/page/save/' });
  const active = await activeWorker();
  const data = new MessageChannel();
  const answer = new MessageChannel();
  const token = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
  const announced = new Promise((resolve, reject) => {
    answer.port1.onmessage = resolve;
    setTimeout(() => reject(new Fault('internal', 'the browser did not begin to save', 'Try again, or receive it in a terminal.')), 10_000);
  });
  active.postMessage({ token, name, size, port: data.port2 }, [data.port2, answer.port2]);
  await announced;
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.src = `/page/save/${token}/${encodeURIComponent(name)}`;
  document.body.append(frame);
  const ticking = setInterval(() => active.postMessage({}), 10_000); // a service worker sleeps when nothing asks it
  return {
    port: data.port1,
    stop: () => {
      clearInterval(ticking);
      setTimeout(() => frame.remove(), 60_000);
    },
  };
}

async function activeWorker() {
  const registration = await navigator.serviceWorker.getRegistration('/page/save/');
  const coming = registration.active ?? registration.installing ?? registration.waiting;
  while (coming.state !== 'activated') {
    if (coming.state === 'redundant') throw new Fault('internal', 'the browser did not take the service worker');
    await new Promise((resolve) => coming.addEventListener('statechange', resolve, { once: true }));
  }
  return coming;
}
